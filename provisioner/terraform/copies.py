"""The folder in which Terraform works on one environment: the module as it is shipped, and beside it what we generate."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import environ
from provisioner.terraform.commands import ERRORED
from provisioner.terraform.settings import S3State, TerraformSettings

VARIABLES = "trellis.auto.tfvars.json"
_LOCK = ".terraform.lock.hcl"
_WORKSPACE_FILE = "terraform.tfstate"
_LEFT = "copy-*/" + ERRORED


@dataclass(frozen=True)
class Copy:
    """The working copy of one environment for one holder of its lease; who lost the lease writes into a folder that nobody reads."""

    settings: TerraformSettings
    environment: str
    fence: int

    @property
    def root(self) -> Path:
        return self.settings.environments / self.environment

    @property
    def folder(self) -> Path:
        return self.root / f"copy-{self.fence:06d}"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def state(self) -> Path | None:
        """Where a local state lies; None when states are elsewhere."""
        if isinstance(self.settings.state, S3State):
            return None
        return self.settings.states / self.environment / _WORKSPACE_FILE

    @property
    def is_locked(self) -> bool:
        """Whether the module pins its providers."""
        return (self.folder / _LOCK).exists()

    def lay_out(self, variables: Mapping[str, Any]) -> None:
        """Have it whole, with these variables; copies of lower fences go, but for states that they could not save."""
        for folder in (self.settings.folder / "home", self.settings.folder / "plugins", self.settings.states, self.logs, self.folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in self.root.glob("copy-*"):
            if old.name < self.folder.name and not (old / ERRORED).exists():
                shutil.rmtree(old, ignore_errors=True)
        for source in self.settings.module.iterdir():
            if is_shipped(source):
                shutil.copyfile(source, self.folder / source.name)
        _replace(self.folder / "backend.tf.json", json.dumps({"terraform": {"backend": self._backend()}}, indent=2))
        _replace(self.folder / VARIABLES, json.dumps(dict(variables), indent=2))
        _replace(self.settings.folder / "terraform.rc", _rc(self.settings))

    def _backend(self) -> dict[str, Any]:
        state = self.settings.state
        if isinstance(state, S3State):
            fixed = {"bucket": state.bucket, "region": state.region, "key": _WORKSPACE_FILE, "workspace_key_prefix": state.prefix}
            return {"s3": {"encrypt": True, **state.more, **fixed, "use_lockfile": True}}
        return {"local": {"workspace_dir": _plain(str(self.settings.states))}}

    def unsaved(self) -> Path | None:
        """A state that Terraform could not save, the newest first."""
        left = sorted(self.root.glob(_LEFT), reverse=True)
        return left[0] if left else None

    def env(self, workspace: str | None = None) -> dict[str, str]:
        """All that Terraform sees."""
        folder = self.settings.folder
        return environ(
            {
                "HOME": str(folder / "home"),
                "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc"),
                "TF_DATA_DIR": str(self.root / "data"),
                "TF_WORKSPACE": workspace or self.environment,
                "TF_IN_AUTOMATION": "1",
                "TF_INPUT": "0",
                "CHECKPOINT_DISABLE": "1",
            },
            passed=self.settings.passed,
        )

    def remove(self) -> None:
        """All of it, the local state's folder too, which is empty by now."""
        shutil.rmtree(self.root, ignore_errors=True)
        if self.state:
            shutil.rmtree(self.state.parent, ignore_errors=True)


def is_shipped(path: Path) -> bool:
    """Whether a file of a module's folder goes into the copies."""
    return path.is_file() and (path.suffix in {".tf", ".tftpl", ".json", ".yaml"} or path.name == _LOCK)


def _rc(settings: TerraformSettings) -> str:
    lines = ["disable_checkpoint = true", f"plugin_cache_dir = {_quoted(settings.folder / 'plugins')}"]
    if settings.plugins:
        lines += ["provider_installation {", "  filesystem_mirror {", f"    path = {_quoted(settings.plugins.absolute())}", "  }", "}"]
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    """A path as HCL writes a string: as JSON does, and without templates."""
    return json.dumps(_plain(str(path)))


def _plain(text: str) -> str:
    """So that HCL takes nothing in it for a template. Values of variables need none of this: they are never templates."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)

"""Modules that are planned and applied as planned; what they made is destroyed when they are wanted no longer."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from libdeploy.alone import alone
from libdeploy.artifact_file import checked
from libdeploy.canonical import canonical, digest
from libdeploy.errors import DeployError
from libdeploy.host.unpack import unpack
from libdeploy.item import Item
from libdeploy.live import settled
from libdeploy.terraform.program import Terraform, program_of

_LOCK = "-lock-timeout=60s"
_BACKEND = "libdeploy_override.tf.json"
_VARIABLES = "zzz-libdeploy.auto.tfvars.json"
"""The last of the files that Terraform reads by itself."""


class TerraformDriver:
    """ROOT/environment/service/.terraform/name: `module.json` (what is wanted and whether it is made), `files`, `data`, `state`.

    The folder has to be kept from one deployment to the next: what is not in it is not seen, and not destroyed.
    """

    name = "terraform"

    def __init__(self, root: Path, service: str, environment: str, artifact: Path | None, variables: Mapping[str, str]) -> None:
        self._folder = root / environment / service / ".terraform"
        self._artifact = artifact
        self._variables = variables

    def observe(self, service: str, environment: str) -> Mapping[str, Mapping[str, Any]]:  # noqa: ARG002 - it is bound to them
        return {record.parent.name: json.loads(record.read_bytes()) for record in sorted(self._folder.glob("*/module.json"))}

    def check(self, item: Item) -> None:
        """Whether the module is there and makes sense to Terraform. No backend is asked."""
        with tempfile.TemporaryDirectory(prefix="module-") as name:
            files = Path(name, "files")
            unpack(self._checked_artifact(item), files)
            terraform = self._terraform(item.key, item.body, files, Path(name, "data"))
            terraform.run(f"terraform init of {item.key}", "init", "-input=false", "-no-color", "-backend=false")
            terraform.run(f"terraform validate of {item.key}", "validate", "-no-color")

    def put(self, item: Item) -> None:
        self._secrets(item.key, item.body)
        with alone(self._folder):
            folder = self._folder / item.key
            files = self._files(item, folder)
            self._record(folder, item.body, is_applied=False)  # what is made half has to be seen and destroyed too
            with self._ready(item.key, item.body, folder, files) as terraform, tempfile.TemporaryDirectory(prefix="plan-") as name:
                plan = str(Path(name, "plan"))
                terraform.run(f"terraform plan of {item.key}", "plan", "-input=false", "-no-color", _LOCK, f"-out={plan}")
                terraform.run(f"terraform apply of {item.key}", "apply", "-input=false", "-no-color", _LOCK, plan)
            self._record(folder, item.body, is_applied=True)
            self._forget_old(folder, files)

    def remove(self, key: str) -> None:
        with alone(self._folder):
            folder = self._folder / key
            record = folder / "module.json"
            if record.exists():
                body = json.loads(record.read_bytes())
                self._destroy(key, body, folder)
            shutil.rmtree(folder, ignore_errors=True)

    def wait(self, items: Iterable[Item], within_s: float) -> None:
        """Terraform waits for what it makes."""

    def _destroy(self, key: str, body: Mapping[str, Any], folder: Path) -> None:
        with self._ready(key, body, folder, self._files_of(body, folder)) as terraform:
            terraform.run(f"terraform destroy of {key}", "destroy", "-auto-approve", "-input=false", "-no-color", _LOCK)
            terraform.run(f"leaving the workspace of {key}", "workspace", "select", "default")
            if body["workspace"] != "default":
                terraform.run(f"removing the workspace of {key}", "workspace", "delete", body["workspace"])

    @contextmanager
    def _ready(self, key: str, body: Mapping[str, Any], folder: Path, files: Path) -> Iterator[Terraform]:
        """In its workspace, with its state and its variables."""
        terraform = self._terraform(key, body, files, folder / "data")
        here = {"path": str(folder / "state"), "workspace_dir": str(folder / "workspaces")}
        backend = body["backend"] or {"kind": "local", "settings": here}
        (terraform.folder / _BACKEND).write_text(json.dumps({"terraform": {"backend": {backend["kind"]: backend["settings"]}}}))
        (terraform.folder / _VARIABLES).write_text(json.dumps(body["variables"]))
        terraform.run(f"terraform init of {key}", "init", "-input=false", "-no-color", "-reconfigure")
        terraform.run(f"choosing the workspace of {key}", "workspace", "select", "-or-create", body["workspace"])
        yield terraform

    def _terraform(self, key: str, body: Mapping[str, Any], files: Path, data: Path) -> Terraform:
        source = files / body["source"]
        if not source.is_dir():
            raise DeployError(f"{key}: the artifact has no folder {body['source']}.", "bad_module")
        data.mkdir(parents=True, exist_ok=True)
        return Terraform(program_of(self._variables), source, data, self._secrets(key, body))

    def _secrets(self, key: str, body: Mapping[str, Any]) -> dict[str, str]:
        found = {f"TF_VAR_{name}": self._variables.get(f"TF_VAR_{name}") for name in body["secrets"]}
        for name, value in found.items():
            if value is None:
                raise DeployError(f"{key} needs the secret {name}: whoever applies has it as a variable of that name.", "no_secret")
        return {name: value for name, value in found.items() if value is not None}

    def _files(self, item: Item, folder: Path) -> Path:
        """The artifact unpacked, once."""
        files = self._files_of(item.body, folder)
        if not files.exists():
            artifact, part = self._checked_artifact(item), files.with_name(f"{files.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            unpack(artifact, part)
            part.rename(files)
        return files

    def _files_of(self, body: Mapping[str, Any], folder: Path) -> Path:
        return folder / "files" / digest(settled(body))[:16]

    def _checked_artifact(self, item: Item) -> Path:
        return checked(self._artifact, item.body["artifact"]["sha256"], item.key)

    def _record(self, folder: Path, body: Mapping[str, Any], *, is_applied: bool) -> None:
        part = folder / "module.part"
        part.write_bytes(canonical({**body, "~applied": is_applied}))
        part.replace(folder / "module.json")

    def _forget_old(self, folder: Path, current: Path) -> None:
        for each in (folder / "files").iterdir():
            if each != current:
                shutil.rmtree(each, ignore_errors=True)

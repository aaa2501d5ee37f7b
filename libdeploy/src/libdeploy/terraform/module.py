"""What is wanted of a Terraform module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.target import ArtifactKind, Target

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,89}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Backend:
    """Where state is kept, as Terraform has it: `Backend("s3", {"bucket": …, "key": …})`. No credentials: a plan is read by many."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    name: str
    source: str = "."
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    workspace: str = ""
    backend: Backend | None = None

    def items(self, target: Target) -> Iterable[Item]:
        self._check()
        kind = target.artifact.kind
        if kind not in {ArtifactKind.TERRAFORM, ArtifactKind.ARCHIVE}:
            raise DeployError(
                f"{self.name} is a Terraform module, but the artifact is of the kind {kind}: terraform or an archive holds one.",
                "wrong_artifact",
            )
        yield Item(
            "terraform",
            self.name,
            {
                "artifact": {"kind": str(kind), "sha256": target.artifact.sha256},
                "source": self.source,
                "variables": dict(self.variables),
                "secrets": sorted(self.secrets),
                "workspace": self.workspace or f"{target.service}-{target.environment.name}",
                "backend": {"kind": self.backend.kind, "settings": dict(self.backend.settings)} if self.backend else None,
                "~applied": True,
            },
        )

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeployError(f"{self.name!r} is no name for a module: small letters, digits and hyphens, at most 63.", "bad_module")
        if self.source.startswith("/") or ".." in self.source.split("/") or "\\" in self.source or ":" in self.source:
            raise DeployError(f"{self.name}: source={self.source!r} is no folder inside the artifact.", "bad_module")
        if self.workspace and not _WORKSPACE.fullmatch(self.workspace):
            raise DeployError(f"{self.name}: {self.workspace!r} is no name for a workspace.", "bad_module")
        if self.backend and not _VARIABLE.fullmatch(self.backend.kind):
            raise DeployError(f"{self.name}: {self.backend.kind!r} is no kind of backend.", "bad_module")
        for variable in (*self.variables, *self.secrets):
            if not _VARIABLE.fullmatch(variable):
                raise DeployError(f"{self.name}: {variable!r} is no name of a variable.", "bad_module")
        if both := sorted(set(self.variables) & set(self.secrets)):
            raise DeployError(f"{self.name}: {both[0]} is a variable and a secret: one of them.", "bad_module")


def module(
    name: str,
    *,
    source: str = ".",
    variables: Mapping[str, Any] | None = None,
    secrets: Sequence[str] = (),
    workspace: str = "",
    backend: Backend | None = None,
) -> Module:
    """A root module in the folder `source` of the artifact (of the kind terraform, or an archive), planned and then applied as planned.

    `variables` are text, whole numbers, true, false, lists and mappings. `secrets` names variables whose values whoever applies has as
    TF_VAR_<name>; they are in no plan. `workspace` "" is service-environment. Without a `backend` the state lies in LIBDEPLOY_ROOT. When it
    is wanted no longer, all that it made is destroyed. Raises DeployError when rendered: `bad_module`, `wrong_artifact`.
    """
    return Module(name, source, dict(variables or {}), tuple(secrets), workspace, backend)

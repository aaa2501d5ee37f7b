"""What is wanted of a program on a host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.target import ArtifactKind, Target

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RELEASE = "{release}"
"""In an argument: the folder of the release."""


@dataclass(frozen=True)
class Binary:
    name: str
    arguments: Sequence[str] = ()
    program: str = ""
    port: int | None = None
    health: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_within_s: int = 10

    def items(self, target: Target) -> Iterable[Item]:
        self._check()
        kind = target.artifact.kind
        if kind not in {ArtifactKind.BINARY, ArtifactKind.ARCHIVE}:
            raise DeployError(
                f"{self.name} runs on a host, but the artifact is of the kind {kind}: a binary or an archive can run there.",
                "wrong_artifact",
            )
        if kind is ArtifactKind.ARCHIVE and not self.program:
            raise DeployError(f"{self.name} comes as an archive: say program=… which file in it is to run.", "bad_binary")
        yield Item(
            "host",
            self.name,
            {
                "artifact": {"kind": str(kind), "sha256": target.artifact.sha256},
                "argv": [f"{RELEASE}/{self.program or self.name}", *self.arguments],
                "environment": dict(self.environment),
                "port": self.port,
                "health": self.health,
                "stop_within_s": self.stop_within_s,
                "~running": True,
            },
        )

    def _check(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeployError(f"{self.name!r} is no name for a program: small letters, digits and hyphens, at most 63.", "bad_binary")
        if self.program and (self.program.startswith("/") or ".." in self.program.split("/")):
            raise DeployError(f"{self.name}: program={self.program!r} is not inside the archive.", "bad_binary")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise DeployError(f"{self.name}: {self.port} is no port.", "bad_binary")
        if self.health and (self.port is None or not self.health.startswith("/")):
            raise DeployError(f"{self.name}: health={self.health!r} is a path that begins with / and needs a port=….", "bad_binary")
        for variable, value in self.environment.items():
            if not _VARIABLE.fullmatch(variable):
                raise DeployError(f"{self.name}: {variable!r} is no environment variable.", "bad_binary")
            if not isinstance(value, str) or "\0" in value:
                raise DeployError(f"{self.name}: the environment variable {variable} is {value!r}, not text.", "bad_binary")
        for argument in self.arguments:
            if not isinstance(argument, str) or "\0" in argument:
                raise DeployError(f"{self.name}: the argument {argument!r} is not text.", "bad_binary")


def binary(
    name: str,
    *,
    arguments: Sequence[str] = (),
    program: str = "",
    port: int | None = None,
    health: str = "",
    environment: Mapping[str, str] | None = None,
    stop_within_s: int = 10,
) -> Binary:
    """A program that runs all the time on the host.

    The artifact is the program itself, or an archive in which `program` is its path. `{release}` in an argument is the release's folder.
    It is healthy when `health` (a path on `port`) answers 200, else when `port` takes connections, else when it has run for a
    second. It is asked to stop with SIGTERM, and killed after `stop_within_s`. Raises DeployError when rendered: `bad_binary`,
    `wrong_artifact`.
    """
    return Binary(name, tuple(arguments), program, port, health, dict(environment or {}), stop_within_s)

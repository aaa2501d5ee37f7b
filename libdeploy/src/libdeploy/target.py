"""What a deploy.py is given: which artifact goes to which environment, with which configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from libdeploy.canonical import plain
from libdeploy.errors import DeployError

T = TypeVar("T")

VERSION = 1
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


class ArtifactKind(StrEnum):
    IMAGE = "image"
    BINARY = "binary"
    TERRAFORM = "terraform"
    ARCHIVE = "archive"


@dataclass(frozen=True)
class Artifact:
    """What CI built. `sha256` is the digest of its bytes (of an image: of its manifest), `address` where it lies.

    `commit` is the one it was built from; `version` is what people call it, and may be empty.
    """

    kind: ArtifactKind
    sha256: str
    address: str
    commit: str
    version: str = ""

    @property
    def image(self) -> str:
        """The container image by its digest. Raises DeployError `wrong_artifact` when this is none."""
        if self.kind is not ArtifactKind.IMAGE:
            raise DeployError(
                f"This artifact is of the kind {self.kind}, not an image: say image=… where it runs in a container.", "wrong_artifact"
            )
        return self.address if "@sha256:" in self.address else f"{self.address}@sha256:{self.sha256}"


@dataclass(frozen=True)
class Environment:
    """Where to. `namespace` is Kubernetes' own, by default the environment's name."""

    name: str
    namespace: str = ""

    def __post_init__(self) -> None:
        if not self.namespace:
            object.__setattr__(self, "namespace", self.name)


@dataclass(frozen=True)
class Config:
    """What differs between environments, by key. Each question says the type it wants; a default makes the key optional."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, key: str, default: str | None = None) -> str:
        found: str = self._value(key, default, str, "text")
        return found

    def integer(self, key: str, default: int | None = None) -> int:
        found: int = self._value(key, default, int, "a whole number")
        return found

    def flag(self, key: str, default: bool | None = None) -> bool:  # noqa: FBT001 - like its neighbours
        found: bool = self._value(key, default, bool, "true or false")
        return found

    def texts(self, key: str, default: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """A mapping of text to text, like environment variables."""
        found: Mapping[str, str] = self._value(key, default, Mapping, "a mapping")
        for name, value in found.items():
            if not isinstance(value, str):
                raise DeployError(f"The configuration's {key}.{name} is {value!r}, not text.", "bad_config")
        return found

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        found = self._value(key, list(default) if default is not None else None, list, "a list")
        for value in found:
            if not isinstance(value, str):
                raise DeployError(f"The configuration's {key} holds {value!r}, which is not text.", "bad_config")
        return tuple(found)

    def _value(self, key: str, default: Any, kind: Any, called: str) -> Any:
        if key not in self.values:
            if default is None:
                there = ", ".join(sorted(self.values)) or "nothing"
                raise DeployError(f"The configuration has no {key}, and there is no default. It has: {there}.", "bad_config")
            return default
        value = self.values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DeployError(f"The configuration's {key} is {value!r}, not {called}.", "bad_config")
        return value


@dataclass(frozen=True)
class Target:
    """One service to one environment."""

    service: str
    environment: Environment
    artifact: Artifact
    config: Config = field(default_factory=Config)


def read_target(path: Path) -> Target:
    """The target a file holds, as `to_json` has it. Raises DeployError `bad_target` that names the field."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise DeployError(f"The target {path} cannot be read: {error.strerror}.", "bad_target") from error
    except ValueError as error:
        raise DeployError(f"The target {path} is no JSON: {error}.", "bad_target") from error
    return target_of(data)


def target_of(data: Any) -> Target:
    """A target from its JSON. Raises DeployError `bad_target` that names the field."""
    top = _fields(data, "", {"version", "service", "environment", "artifact"}, {"config"})
    if top["version"] != VERSION:
        raise DeployError(f"The target's version is {top['version']!r}; this libdeploy reads {VERSION}.", "bad_target")
    environment = _fields(top["environment"], "environment", {"name"}, {"namespace"})
    artifact = _fields(top["artifact"], "artifact", {"kind", "sha256", "address", "commit"}, {"version"})
    try:
        kind = ArtifactKind(artifact["kind"])
    except ValueError:
        raise DeployError(f"artifact.kind is {artifact['kind']!r}, not one of {', '.join(ArtifactKind)}.", "bad_target") from None
    name = _matching(environment, "environment.name", "name", _NAME)
    return Target(
        service=_matching(top, "service", "service", _NAME),
        environment=Environment(
            name, _matching(environment, "environment.namespace", "namespace", _NAME) if environment.get("namespace") else ""
        ),
        artifact=Artifact(
            kind,
            _matching(artifact, "artifact.sha256", "sha256", _SHA256),
            _text(artifact, "artifact.address", "address"),
            _matching(artifact, "artifact.commit", "commit", _COMMIT),
            _text(artifact, "artifact.version", "version") if artifact.get("version") else "",
        ),
        config=Config(plain(_fields(top.get("config", {}), "config", set(), None), "config")),
    )


def to_json(target: Target) -> dict[str, Any]:
    """The same as JSON: what `target_of` reads."""
    artifact = target.artifact
    return {
        "version": VERSION,
        "service": target.service,
        "environment": {"name": target.environment.name, "namespace": target.environment.namespace},
        "artifact": {
            "kind": str(artifact.kind),
            "sha256": artifact.sha256,
            "address": artifact.address,
            "commit": artifact.commit,
            "version": artifact.version,
        },
        "config": plain(target.config.values),
    }


def _fields(data: Any, at: str, needed: set[str], optional: set[str] | None) -> Mapping[str, Any]:
    """`optional` None: whatever else there is."""
    if not isinstance(data, dict):
        raise DeployError(f"{at or 'The target'} is not a mapping.", "bad_target")
    if missing := sorted(needed - data.keys()):
        raise DeployError(f"{at or 'The target'} has no {missing[0]}.", "bad_target")
    if optional is not None and (extra := sorted(data.keys() - needed - optional)):
        raise DeployError(f"{at or 'The target'} has {extra[0]}, which means nothing here.", "bad_target")
    return data


def _text(data: Mapping[str, Any], at: str, key: str) -> str:
    if not isinstance(data[key], str) or not data[key]:
        raise DeployError(f"{at} is {data[key]!r}, not text.", "bad_target")
    return str(data[key])


def _matching(data: Mapping[str, Any], at: str, key: str, pattern: re.Pattern[str]) -> str:
    text = _text(data, at, key)
    if not pattern.fullmatch(text):
        raise DeployError(f"{at} is {text!r}, which does not look like one ({pattern.pattern}).", "bad_target")
    return text

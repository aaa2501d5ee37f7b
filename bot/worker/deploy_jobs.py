"""What a run of deploy.py is given, made of rows; and its result, read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.catalogue import SharedEnvironment, TargetKind
from bot.domain.deployment import Change, Deployment
from bot.redaction import KNOWN
from deploy.runner import Job, Observed, Step

_TARGET_VERSION = 1
_FILES = frozenset({ArtifactKind.BINARY, ArtifactKind.ARCHIVE, ArtifactKind.TERRAFORM})
_LOG_LINES = 400


class Files(Protocol):
    """Artifacts as files, fetched once and checked by their digest."""

    async def file(self, sha256: str, address: str) -> Path:
        """Raises deploy.artifacts.NotFetched or NotFetchedNow."""

    async def see_image(self, sha256: str, address: str) -> None:
        """Raises deploy.artifacts.NotFetched when its registry, where that can be asked, has no such image."""


@dataclass(frozen=True)
class Given:
    """What a deployment is made of."""

    deployment: Deployment
    artifact: Artifact
    environment: SharedEnvironment
    plan: bytes | None = None
    live: bytes | None = None
    previous: bytes | None = None
    file: Path | None = None

    @property
    def needs_file(self) -> bool:
        return self.environment.target is TargetKind.HOST and self.artifact.kind in _FILES

    def target(self) -> dict[str, Any]:
        """As libdeploy.target reads it."""
        artifact, environment = self.artifact, self.environment
        return {
            "version": _TARGET_VERSION,
            "service": self.deployment.service,
            "environment": {"name": environment.key, "namespace": environment.namespace or environment.key},
            "artifact": {
                "kind": str(artifact.kind),
                "sha256": artifact.sha256,
                "address": artifact.address,
                "commit": artifact.commit,
                "version": artifact.version,
            },
            "config": dict(environment.config.get(self.deployment.service, {})),
        }

    def job(self, id: str, step: Step, within_s: float) -> Job:
        more: dict[str, Any] = {} if step is Step.PLAN else {"plan": self.plan, "previous": self.previous, "artifact": self.file}
        live = None if step is Step.LOOK else self.live
        return Job(id, step, self.artifact.program, self.target(), live=live, within_s=within_s, **more)


@dataclass(frozen=True)
class Result:
    """The last word of a run. `outcome` is libdeploy's."""

    outcome: str
    plan_hash: str
    base: str
    changes: tuple[Change, ...]
    code: str
    message: str
    took_s: float | None
    log: str

    @property
    def is_good(self) -> bool:
        return self.outcome in {"planned", "applied", "unchanged"}


def result_of(seen: Observed) -> Result:
    """A run is somebody's program: what it says of itself is taken with care. A secret of ours that it wrote is taken out."""
    said: Mapping[str, Any] = seen.result or {}
    took_ms = said.get("took_ms")
    return Result(
        outcome=_text(said, "outcome", 16) or "failed",
        plan_hash=_text(said, "plan_hash", 64),
        base=_text(said, "base", 64),
        changes=tuple(_changes(said.get("changes"))),
        code=_text(said, "code", 40),
        message=KNOWN.text(_text(said, "message", 2_000)),
        took_s=took_ms / 1000 if isinstance(took_ms, int | float) else None,
        log="\n".join(KNOWN.lines(seen.log.replace("\0", "").splitlines()[-_LOG_LINES:])),
    )


def items_in(plan: bytes) -> int:
    """How many things a plan wants: at least so many changes are told of."""
    return len(json.loads(plan)["items"])


def _changes(said: object) -> list[Change]:
    found = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    return [
        Change(
            _text(each, "action", 16), _text(each, "driver", 63), _text(each, "key", 300), tuple(map(str, each.get("fields") or ()))[:50]
        )
        for each in found[:500]
    ]


def _text(said: Mapping[str, Any], name: str, longest: int) -> str:
    value = said.get(name)
    return value[:longest].replace("\0", "") if isinstance(value, str) else ""

"""Targets and components for the tests of libdeploy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libdeploy import Artifact, ArtifactKind, Config, Environment, Item, Target

SHA = "ab" * 32


def target(kind: str = "image", sha256: str = SHA, environment: str = "staging", **config: Any) -> Target:
    artifact = Artifact(ArtifactKind(kind), sha256, "registry.example/payments", "abcdef1234")
    return Target("payments", Environment(environment, "team"), artifact, Config(config))


@dataclass(frozen=True)
class Thing:
    """A component of the tests' own."""

    key: str
    body: Mapping[str, Any]
    driver: str = "fake"

    def items(self, target: Target) -> Iterable[Item]:
        yield Item(self.driver, self.key, self.body)


@dataclass
class Ran:
    code: int
    events: list[dict[str, Any]]
    words: str

    @property
    def result(self) -> dict[str, Any]:
        return self.events[-1]


@dataclass
class Owner:
    """Somebody with a deploy.py in a folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def writes(self, program: str) -> None:
        (self.folder / "deploy.py").write_text(program)

    def aims(self, target: Mapping[str, Any]) -> None:
        (self.folder / "target.json").write_text(json.dumps(target))

    def runs(self, *options: str) -> Ran:
        argv = [sys.executable, "deploy.py", "--target", "target.json", *options]
        given = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.environment}
        ran = subprocess.run(argv, cwd=self.folder, env=given, capture_output=True, text=True, timeout=60, check=False)
        return Ran(ran.returncode, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr)

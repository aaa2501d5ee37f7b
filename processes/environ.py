"""The environment a child is given: a short list of ours, and what is said for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PASSED = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environ(more: Mapping[str, str] | None = None, *, passed: Iterable[str] = ()) -> dict[str, str]:
    """Ours of PASSED and `passed`, with `more` over it. Secrets of ours do not get through by forgetting them."""
    given = {name: os.environ[name] for name in (*PASSED, *passed) if name in os.environ}
    return {"PATH": _PATH, "LANG": "C.UTF-8", **given, **(more or {})}

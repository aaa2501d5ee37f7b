"""Named points at which a test may have this very process killed, as a crash would: free of cost otherwise.

`TRELLIS_KILL_AT=<name>[,<name>…]` arms points. With `TRELLIS_KILL_ONCE=<folder>` each fires once: a file of its name says it has.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_ARMED = frozenset(os.environ.get("TRELLIS_KILL_AT", "").replace(",", " ").split())


def killpoint(name: str) -> None:
    """Die here by SIGKILL when the environment asks for it."""
    if not _ARMED or name not in _ARMED:
        return
    folder = os.environ.get("TRELLIS_KILL_ONCE")
    if folder:
        try:
            Path(folder, name).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)

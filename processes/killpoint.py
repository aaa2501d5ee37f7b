"""Named points at which a test may have this very process killed, as a crash would: free of cost otherwise.

`TRELLIS_KILL_AT=<name>[,<name>…]` arms points; at those of `TRELLIS_PAUSE_AT` the process is stopped (SIGSTOP) instead, until somebody
has it go on. With `TRELLIS_KILL_ONCE=<folder>` each fires once: a file of its name says it has.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def _armed(variable: str) -> frozenset[str]:
    return frozenset(os.environ.get(variable, "").replace(",", " ").split())


_SIGNALS = {
    **dict.fromkeys(_armed("TRELLIS_PAUSE_AT"), signal.SIGSTOP),
    **dict.fromkeys(_armed("TRELLIS_KILL_AT"), signal.SIGKILL),
}


def killpoint(name: str) -> None:
    """Die here by SIGKILL, or stand still, when the environment asks for it."""
    if not _SIGNALS or name not in _SIGNALS:
        return
    folder = os.environ.get("TRELLIS_KILL_ONCE")
    if folder:
        try:
            Path(folder, name).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), _SIGNALS[name])

"""Python's collector of cyclic garbage, told what is none: it would look through all of it in the midst of the work."""

from __future__ import annotations

import gc

_LOOK_AFTER = 20_000  # new objects; deliveries that wait together for one commit make several thousand


def spare_what_stays() -> None:
    """Call once everything is loaded and wired. A third of the time of a delivery, and pauses of a tenth of a second, go with it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER, 20, 20)

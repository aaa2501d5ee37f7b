"""What the doctor says of the cloud's account: when it was seen last, and what has no counterpart in it."""

from __future__ import annotations

from bot.store.store import Store

_LONG_AGO_S = 2 * 3600.0


async def account(store: Store) -> tuple[bool | None, str]:
    """Whether it is well, None for so so; and the words."""
    async with store.look() as look:
        last, found, now = await look.strays.last_look(), await look.strays.all(), look.now
    if last is None:
        return None, "no worker has looked at it: `trellis sweep --dry-run` does, and says what is in the way"
    if last.problem:
        return False, f"cannot be looked at: {last.problem}"
    if now - last.at > _LONG_AGO_S:
        return False, "was last seen more than two hours ago: the workers' log says why (strays_not_looked_for)"
    if found:
        return None, f"{len(found)} things have no counterpart: `trellis sweep` lists them"
    return True, f"machines: {last.machines}, each with its environment"

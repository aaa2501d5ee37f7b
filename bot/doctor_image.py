"""What the doctor says of the image that machines are made of: which it is, how old, and whether the last bake came out well."""

from __future__ import annotations

from bot.doctor_said import Finding, Said, bad, good
from bot.domain.bake import BakeState
from bot.replies.common import brief
from bot.store.store import Store

_ABOUT = "machine image"


async def image(store: Store, named: str) -> Said:
    async with store.look() as look:
        now, current, recent = look.now, await look.bakes.current(), await look.bakes.recent(1)
    last = recent[0] if recent else None
    what = f"{current.image}, baked {brief(now - current.baked_at)} ago" if current else named or "none yet"
    if last and last.state is BakeState.FAILED:
        return bad(_ABOUT, f"could not be baked: {last.why}. In use is {what}. Try again: trellis image bake")
    if last and last.state is BakeState.BAKING:
        why = f", and has trouble: {last.why}" if last.why else ""
        return Said(_ABOUT, Finding.WARNING if why else Finding.GOOD, f"one is being baked{why}; in use is {what}")
    if current is None:
        return Said(_ABOUT, Finding.WARNING, f"none was baked: {what} is used. Bake one: trellis image bake")
    return good(_ABOUT, what)

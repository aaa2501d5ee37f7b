"""A check has ended or somebody has approved: whoever waits for that asks its gates again now, and not when it would have by itself."""

from __future__ import annotations

from bot.domain.deployment import Waits
from bot.domain.message import Judged
from bot.store.store import Store


async def call_who_waits(store: Store, event: Judged) -> int:
    """So many wait for checks of that commit; where it is not known which, for those of any commit of the project."""
    async with store.look() as look:
        waiting = await look.waiting.all(Waits.CHECKS)
        artifacts = await look.artifacts.several(each.artifact_id for each in waiting)
    about = [each for each in artifacts.values() if each.project == event.project and event.sha in {"", each.commit}]
    ids = {each.id for each in about}
    called = [each.id for each in waiting if each.artifact_id in ids]
    if called:
        async with store.transaction() as transaction:
            await transaction.call(called)
    return len(called)

"""`/sled locks` and `/sled freeze`: what stands in the way of deploys, now and ahead."""

from __future__ import annotations

from bot.context import Outcome, Scene, Transaction
from bot.domain.freezes import LOOK_AHEAD_S, windows
from bot.domain.scopes import Scope, services_of
from bot.replies import freezes as freeze_words
from bot.replies import locks as words
from grammar import commands


async def decide(command: commands.Locks, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """Locks of all that somebody may look at, with vetoes and holds."""
    del command, facts
    seen = {wanted.service.key for wanted in scene.wanted}
    live = [each for each in await transaction.locks.live() if _may_see(Scope.stored(each.scope), seen, scene)]
    vetoes = [each for each in await transaction.vetoes.live() if each.service in seen]
    what = words.Standing(
        locks=sorted(live, key=lambda each: (Scope.stored(each.scope).breadth, each.created_at)),
        vetoes=vetoes,
        artifacts=await transaction.artifacts.several(each.artifact_id for each in vetoes),
        holds=await transaction.holds.of(seen),
        now=transaction.now,
    )
    return Outcome(words.listed(what))


def _may_see(scope: Scope, seen: set[str], scene: Scene) -> bool:
    """A lock that covers nothing of what is here now is told to all who may look at anything."""
    covered = {each.key for each in services_of(scope, scene.catalogue)}
    return bool(covered & seen) or not covered


async def decide_freeze(command: commands.Freeze, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    now = transaction.now
    places = scene.catalogue.in_order()
    found = {each.key: windows(each.freezes, now, now + LOOK_AHEAD_S) for each in places}
    return Outcome(freeze_words.listed(found, now))

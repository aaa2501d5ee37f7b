"""`/sled diff`: what differs between what runs in an environment and what runs elsewhere, or is the newest of merged main."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Outcome, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.plan_difference import Difference, differences
from bot.handlers.promote import origin
from bot.redaction import KNOWN
from bot.replies import diff as words
from grammar.commands import Diff

_MOST_BETWEEN = 200


async def decide(command: Diff, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """All of it is known already: nothing is planned and nobody is asked."""
    del facts
    here = scene.shared
    assert here is not None  # noqa: S101 - the bus found it
    there = origin(command, scene) if command.from_ else None
    found = [await _compared(wanted.service.key, here, there, transaction) for wanted in scene.wanted]
    return Outcome(words.diff(found, here, there))


async def _compared(service: str, here: SharedEnvironment, there: SharedEnvironment | None, transaction: Transaction) -> words.Compared:
    slot = await transaction.slots.get(service, here.key)
    other = await transaction.slots.get(service, there.key) if there else None
    runs = await transaction.artifacts.get(slot.artifact_id) if slot else None
    newer = await _other(service, other.artifact_id if other else "", there, transaction)
    return words.Compared(
        service=service,
        runs=runs,
        other=newer,
        between=await _between(runs, newer, transaction),
        plans=await _plans(slot.deployment_id, other.deployment_id, transaction) if slot and other else None,
    )


async def _other(service: str, artifact_id: str, there: SharedEnvironment | None, transaction: Transaction) -> Artifact | None:
    if there is None:
        return await transaction.artifacts.newest_merged(service)
    return await transaction.artifacts.get(artifact_id)


async def _between(one: Artifact | None, other: Artifact | None, transaction: Transaction) -> tuple[Artifact, ...] | None:
    """What was merged after the older of both, up to the newer, the newest first. None: one of them is on no common line."""
    if one is None or other is None or one.merged_at is None or other.merged_at is None:
        return None
    older, newer = sorted((one, other), key=_age)
    span = (older.merged_at or 0, newer.merged_at or 0)
    found = await transaction.artifacts.merged_between(one.service, *span, _MOST_BETWEEN)
    return tuple(each for each in found if _age(older) < _age(each) <= _age(newer))


def _age(artifact: Artifact) -> tuple[float, int]:
    return artifact.merged_at or 0, artifact.number


async def _plans(one: str, other: str, transaction: Transaction) -> list[Difference] | None:
    """What differs in what was made real; None where it is not kept."""
    first, second = await transaction.rollouts.plan(other), await transaction.rollouts.plan(one)
    found = differences(first[0], second[0]) if first and second else None
    return [replace(each, one=KNOWN.text(each.one), other=KNOWN.text(each.other)) for each in found] if found is not None else None

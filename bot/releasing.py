"""A beta ends: main's newest comes back where it may run there, else what ran before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.context import Scene, Transaction
from bot.context_rows import SlotRows
from bot.domain.artifact import Artifact
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.command import Event
from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind, Slot
from bot.domain.going_back import before, line_of
from bot.domain.ids import new_id
from bot.domain.message import Person, Thread

_UNDONE = frozenset({DeploymentState.FAILED, DeploymentState.ROLLED_BACK})


@dataclass(frozen=True)
class Ends:
    """Whose word it is, and why."""

    person: Person
    thread: Thread
    reason: str


async def release(services: Iterable[str], place: str, ends: Ends, catalogue: Catalogue, transaction: Transaction) -> Rollout | None:
    """One rollout for those of these betas that have something to go back to; None when none has, or all are on their way."""
    environment = catalogue.environments.get(place) or SharedEnvironment(place, 0)
    targets = {each: await _target(each, environment, transaction) for each in sorted(set(services))}
    going = {service: target for service, target in targets.items() if target and not await _is_going(service, place, transaction)}
    if not going:
        return None
    rollout = Rollout(
        id=new_id(),
        kind=RolloutKind.RELEASE,
        environment=place,
        words=" ".join(f"{service}@{target.short}" for service, target in going.items()),
        person=ends.person,
        thread=ends.thread,
        reason=ends.reason,
        created_at=transaction.now,
    )
    rollout, _ = await transaction.begin_rollout(rollout, _parts(rollout, going))
    await transaction.open_card(rollout.thread, rollout)
    data: dict[str, str | float | bool | None] = {"words": rollout.words, "environment": place, "reason": ends.reason}
    await transaction.note(Event(at=transaction.now, kind="deploy_asked", environment_id=rollout.id, actor="trellis", data=data))
    return rollout


def _parts(rollout: Rollout, going: Mapping[str, Artifact]) -> list[Deployment]:
    return [
        Deployment(
            id=new_id(),
            rollout_id=rollout.id,
            service=service,
            environment=rollout.environment,
            artifact_id=target.id,
            created_at=rollout.created_at,
        )
        for service, target in going.items()
    ]


def request_of(scene: Scene) -> tuple[str, int] | None:
    """The merge or pull request in which something is said: its project and number."""
    said = scene.said
    return (said.project, said.request) if said.project is not None and said.request is not None else None


async def betas_of(services: Sequence[str], request: tuple[str, int] | None, place: str | None, slots: SlotRows) -> list[Slot]:
    """The betas there are of these services, else of that request; only those in `place`, where one is said."""
    found = await slots.of(services, place) if services else await slots.betas(*request) if request else ()
    return [each for each in found if each.is_beta and place in {None, each.environment}]


async def _is_going(service: str, place: str, transaction: Transaction) -> bool:
    for each in await transaction.rollouts.live(service, place):
        rollout = await transaction.rollouts.get(each.rollout_id)
        if rollout and rollout.kind is RolloutKind.RELEASE and each.is_wanted:
            return True
    return False


async def _target(service: str, place: SharedEnvironment, transaction: Transaction) -> Artifact | None:
    past = await transaction.rollouts.brought(service, place.key)
    newest = await transaction.artifacts.newest_merged(service)
    known = dict(await transaction.artifacts.several(each.artifact_id for each in past))
    vetoed = await transaction.vetoes.several([*known, *([newest.id] if newest else [])])
    slot = await transaction.slots.get(service, place.key)
    is_held = slot is not None and slot.held_by is not None
    ended = {each.artifact_id: each.state for each in past}
    if newest and not is_held and newest.id not in vetoed and ended.get(newest.id) not in _UNDONE:
        has_come_this_far = not place.after or await transaction.rollouts.has_run(service, place.after, newest.id)
        if has_come_this_far:
            return newest
    target = before(line_of(past), frozenset(known.keys() - vetoed.keys()))
    return known[target.artifact_id] if target else None

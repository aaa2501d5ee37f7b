"""Merged main goes by itself to where the operator says so: the newest only, once, and past nothing that stops a person."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bot.beginnings import may_it_begin
from bot.context import Transaction
from bot.domain.artifact import Artifact
from bot.domain.beginning import Refuse
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.command import Event
from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind
from bot.domain.ids import new_id
from bot.domain.message import Person, Platform, Thread

ITSELF = Person(Platform.CONSOLE, "@trellis", "trellis", is_bot=True)  # an id that nobody can have
THREAD = Thread(Platform.CONSOLE, "console:@continuous")
_NOT_BEGUN = frozenset({DeploymentState.QUEUED, DeploymentState.WAITING})
_MOST_PAST = 100


async def follow_main(services: Iterable[str], catalogue: Catalogue, transaction: Transaction) -> None:
    """Begin what is due of these, in the transaction that learned what is merged."""
    for key in sorted(set(services) & catalogue.services.keys()):
        places = [each for each in catalogue.in_order() if key in each.continuous and _may_run(key, each, catalogue)]
        newest = await transaction.artifacts.newest_merged(key) if places else None
        if newest is None:
            continue
        for place in places:
            await _follow(newest, place, catalogue, transaction)


async def follow_on(came: Deployment, catalogue: Catalogue, transaction: Transaction) -> None:
    """What has come to one environment goes on to those that take only what ran there, while it is the newest."""
    key = came.service
    places = [each for each in catalogue.in_order() if each.after == came.environment and key in each.continuous]
    newest = await transaction.artifacts.newest_merged(key) if places and key in catalogue.services else None
    if newest is None or newest.id != came.artifact_id:
        return
    for place in places:
        if _may_run(key, place, catalogue):
            await _follow(newest, place, catalogue, transaction)


def _may_run(service: str, place: SharedEnvironment, catalogue: Catalogue) -> bool:
    """Where another person has to say yes nothing goes by itself."""
    only = catalogue.services[service].environments
    return not place.asks and (not only or place.key in only)


async def _follow(newest: Artifact, place: SharedEnvironment, catalogue: Catalogue, transaction: Transaction) -> None:
    slot = await transaction.slots.get(newest.service, place.key)
    if slot and (slot.is_beta or slot.artifact_id == newest.id):
        return
    past = await transaction.rollouts.past([newest.service], place.key, _MOST_PAST)
    if any(each.artifact_id == newest.id for each in past):  # it was tried, or somebody went back from it
        return
    now = transaction.now
    words = f"{newest.service}@{newest.short}"
    rollout = Rollout(
        id=new_id(), kind=RolloutKind.CONTINUOUS, environment=place.key, words=words, person=ITSELF, thread=THREAD, created_at=now
    )
    part = Deployment(
        id=new_id(), rollout_id=rollout.id, service=newest.service, environment=place.key, artifact_id=newest.id, created_at=now
    )
    answer = await may_it_begin(part, rollout, catalogue, transaction)
    data: dict[str, str | float | bool | None] = {"words": words, "environment": place.key}
    if isinstance(answer, Refuse):
        if answer.code == "order":  # it is taken up when it has run where it has to run first
            return
        refused = Event(at=now, kind="continuous_refused", project=newest.project, actor="trellis", data={**data, "code": answer.code})
        await transaction.note(refused)
        return
    await _supersede(newest.service, place.key, transaction)
    rollout, _ = await transaction.begin_rollout(rollout, [part])
    asked = Event(at=now, kind="deploy_asked", environment_id=rollout.id, project=newest.project, actor="trellis", data=data)
    await transaction.note(asked)


async def _supersede(service: str, environment: str, transaction: Transaction) -> None:
    """Of those that go by themselves and have not begun, the newest is enough."""
    for each in await transaction.rollouts.live(service, environment):
        rollout = await transaction.rollouts.get(each.rollout_id)
        if rollout and rollout.kind is RolloutKind.CONTINUOUS and each.is_wanted and each.state in _NOT_BEGUN:
            await transaction.save_deployment(msgspec.structs.replace(each, is_wanted=False, code="superseded"))

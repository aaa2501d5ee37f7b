"""A rollout begins: one act, with a deployment for each service, from whichever command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot import refusals_deploy
from bot.asking import identity
from bot.beginnings import may_it_begin
from bot.context import Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.beginning import Refuse
from bot.domain.command import Event
from bot.domain.deployment import Deployment, Rollout, RolloutKind
from bot.domain.gates import Word
from bot.domain.ids import new_id


@dataclass(frozen=True)
class Asked:
    """What a command asks for, by service."""

    kind: RolloutKind
    words: str
    artifacts: Mapping[str, Artifact]
    reason: str = ""
    is_forced: bool = False
    plan_only: bool = False
    follows: Mapping[str, str] = field(default_factory=dict)  # by service: what of it may move on
    said: tuple[Word, ...] = ()  # what gates say of the artifacts


async def begin(asked: Asked, scene: Scene, transaction: Transaction) -> tuple[Rollout, Sequence[Deployment]]:
    """The rollout and its card. Raises UserError for what can be refused now."""
    environment = scene.shared
    assert environment is not None  # noqa: S101 - the bus found it
    rollout = Rollout(
        id=new_id(),
        kind=asked.kind,
        environment=environment.key,
        words=asked.words,
        person=scene.person,
        thread=scene.thread,
        reason=asked.reason,
        is_forced=asked.is_forced,
        plan_only=asked.plan_only,
        created_at=transaction.now,
    )
    parts = [
        Deployment(
            id=new_id(),
            rollout_id=rollout.id,
            stage=wanted.stage,
            service=wanted.service.key,
            environment=environment.key,
            artifact_id=asked.artifacts[wanted.service.key].id,
            follows=asked.follows.get(wanted.service.key, ""),
            created_at=transaction.now,
        )
        for wanted in scene.wanted
    ]
    for part in () if asked.plan_only else parts:
        answer = await may_it_begin(part, rollout, scene.catalogue, transaction, asked.said)
        if isinstance(answer, Refuse):
            raise refusals_deploy.may_not_begin(part, asked.artifacts[part.service], answer)
    rollout, numbered = await transaction.begin_rollout(rollout, parts)
    await transaction.open_card(scene.thread, rollout)
    kind = "deploy_plan_asked" if asked.plan_only else "deploy_asked"
    await transaction.note(rolled(scene, transaction, rollout, kind, words=rollout.words, environment=rollout.environment))
    return rollout, numbered


async def same_as_open(asked: Asked, scene: Scene, transaction: Transaction) -> Rollout | None:
    """The rollout that brings just that there already, and has not ended."""
    wanted = {(each.service.key, asked.artifacts[each.service.key].id) for each in scene.wanted}
    first = next(iter(scene.wanted)).service.key
    for live in await transaction.rollouts.live(first, scene.shared.key if scene.shared else ""):
        rollout = await transaction.rollouts.get(live.rollout_id)
        parts = await transaction.rollouts.parts(live.rollout_id)
        is_same = {(each.service, each.artifact_id) for each in parts} == wanted and all(each.is_wanted for each in parts)
        if rollout and is_same and rollout.is_forced == asked.is_forced:
            return rollout
    return None


def rolled(scene: Scene, transaction: Transaction, rollout: Rollout, kind: str, **data: str | float | bool | None) -> Event:
    """Something this command did to a rollout, in the name of who said it. Its projects are those of what is deployed."""
    return Event(
        at=transaction.now,
        kind=kind,
        environment_id=rollout.id,
        actor=f"{scene.person.platform}:{scene.person.name}",
        data={**data, "person": identity(scene.person)},
    )

"""`/sled veto` and `/sled unveto`: a version that nobody deploys, not even by force; and again."""

from __future__ import annotations

from bot import refusals_rules
from bot.asking import identity
from bot.context import Outcome, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.command import Event
from bot.domain.deployment import Veto
from bot.domain.ids import new_id
from bot.handlers.deploy import artifact_of
from bot.replies import vetoes as words
from grammar import commands


async def decide(command: commands.Veto, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """What waits to be deployed ends, what runs goes on: the answer says where that is."""
    del facts
    artifacts = await _named(command, scene, transaction)
    if not command.reason:
        raise refusals_rules.why_veto(scene.line)
    await transaction.lock_beginnings()
    return Outcome(words.vetoed([await put_veto(each, command.reason, scene, transaction) for each in artifacts]))


async def put_veto(artifact: Artifact, reason: str, scene: Scene, transaction: Transaction) -> words.Vetoed:
    """In the name of who speaks, unless somebody did it before. Whoever calls this decides alone (`lock_beginnings`)."""
    mine = Veto(
        id=new_id(),
        service=artifact.service,
        artifact_id=artifact.id,
        person=scene.person,
        reason=reason,
        created_at=transaction.now,
    )
    there = await transaction.vetoes.claim(mine)
    if there.id == mine.id:
        await transaction.note(_event(scene, transaction, "vetoed", artifact, reason=there.reason))
    waiting = await transaction.waiting.of_artifact(artifact.id)
    await transaction.call(each.id for each in waiting)
    runs = [slot.environment for slot in await transaction.slots.of([artifact.service], None) if slot.artifact_id == artifact.id]
    return words.Vetoed(artifact, there, is_new=there.id == mine.id, runs_in=runs, waiting=len(waiting))


async def decide_unveto(command: commands.Unveto, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    artifacts = await _named(command, scene, transaction)
    await transaction.lock_beginnings()
    for artifact in artifacts:
        there = await transaction.vetoes.of(artifact.id)
        if there is None or not await transaction.vetoes.lift(there, scene.person):
            raise refusals_rules.not_vetoed(artifact)
        await transaction.note(_event(scene, transaction, "unvetoed", artifact, reason=there.reason))
    return Outcome(words.unvetoed(artifacts))


async def _named(command: commands.Veto | commands.Unveto, scene: Scene, transaction: Transaction) -> list[Artifact]:
    """The versions that are meant. None is guessed: which one runs nowhere any more is nothing that a default may say."""
    if not command.targets:
        raise refusals_rules.which_version(command.verb)
    if bare := next((each for each in command.targets if not each.artifact), None):
        newest = await transaction.artifacts.listed([bare.name], refusals_rules.MOST_SHOWN)
        raise refusals_rules.which_version(command.verb, newest)
    return [await artifact_of(wanted, transaction) for wanted in scene.wanted]


def _event(scene: Scene, transaction: Transaction, kind: str, artifact: Artifact, **data: str) -> Event:
    return Event(
        at=transaction.now,
        kind=kind,
        environment_id=artifact.id,
        project=artifact.project,
        actor=f"{scene.person.platform}:{scene.person.name}",
        data={**data, "service": artifact.service, "commit": artifact.commit, "person": identity(scene.person)},
    )

"""`/sled rollback`: what ran there before comes back, as one act, and nothing goes there by itself until `/sled resume`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot import refusals_back, refusals_deploy
from bot.context import Outcome, Scene, Transaction
from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind
from bot.domain.going_back import Brought, Line, before, line_of, newest_rollout, to_take_back
from bot.handlers.deploy import named, running
from bot.handlers.rolling import Asked, begin, same_as_open
from bot.handlers.veto import put_veto
from bot.replies import going_back as words
from grammar.commands import Rollback


@dataclass(frozen=True)
class There:
    """What runs in a place of all that is named, and what ran before; with the artifacts that may run there again."""

    place: SharedEnvironment
    lines: Mapping[str, Line]
    artifacts: Mapping[str, Artifact]
    usable: frozenset[str]

    def present(self, service: str) -> Brought:
        return self.lines[service][-1]


async def decide(command: Rollback, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    if command.veto and not command.reason:
        raise refusals_back.why_veto(scene.line)
    await transaction.lock_beginnings()
    there = await _there(scene, transaction)
    chosen = await _of_deploy(command.to_deploy, there, transaction) if command.to_deploy else None
    if chosen is None and (open_ := await _under_way(command, there, transaction)):
        await transaction.open_card(scene.thread, open_)
        return running(open_)
    chosen = chosen or await _before(there, transaction)
    asked = Asked(RolloutKind.ROLLBACK, named(command.targets, chosen), chosen, command.reason or "")
    scene = _backwards(scene, chosen)
    if open_ := await same_as_open(asked, scene, transaction):
        await transaction.open_card(scene.thread, open_)
        return running(open_)
    rollout, _ = await begin(asked, scene, transaction)
    await _hold(rollout, there, scene, transaction)
    if command.veto:
        await _veto(rollout, there, scene, transaction)
    await _tell(rollout, there, chosen, transaction)
    return running(rollout)


async def _there(scene: Scene, transaction: Transaction) -> There:
    """Raises UserError when nothing of what is named runs there."""
    place = scene.shared
    assert place is not None  # noqa: S101 - the bus found it
    services = [wanted.service.key for wanted in scene.wanted]
    lines = {key: line_of(await transaction.rollouts.brought(key, place.key)) for key in services}
    artifacts = await transaction.artifacts.several(each.artifact_id for line in lines.values() for each in line)
    vetoed = await transaction.vetoes.several(artifacts)
    usable = frozenset(id_ for id_, each in artifacts.items() if id_ not in vetoed and (each.is_merged or not place.merged_only))
    found = There(place, {key: line for key, line in lines.items() if line}, artifacts, usable)
    if not found.lines:
        raise refusals_back.nothing_runs(services, place)
    return found


async def _under_way(command: Rollback, there: There, transaction: Transaction) -> Rollout | None:
    """The rollback of just these that has not ended: whoever asks again means that one. Raises UserError for one of some of these."""
    names = {each.name for each in command.targets or ()}
    for service in there.lines:
        for live in await transaction.rollouts.live(service, there.place.key):
            rollout = await transaction.rollouts.get(live.rollout_id)
            if rollout and rollout.kind is RolloutKind.ROLLBACK and live.is_wanted:
                if {each.partition("@")[0] for each in rollout.words.split()} != names:
                    raise refusals_deploy.still_going(rollout)
                return rollout
    return None


async def _before(there: There, transaction: Transaction) -> dict[str, Artifact]:
    """What each of those that go back has to be. Raises UserError when one of them has nothing to go back to."""
    newest = newest_rollout(there.lines)
    together = frozenset(each.service for each in await transaction.rollouts.parts(newest))
    going = to_take_back(there.lines, together)
    targets = {service: before(there.lines[service], there.usable) for service in sorted(going)}
    if lost := sorted(service for service, target in targets.items() if target is None):
        others = sorted(going.difference(lost))
        raise refusals_back.nothing_before(lost, others, {each: _runs(there, each) for each in lost}, there.place)
    return {service: there.artifacts[target.artifact_id] for service, target in targets.items() if target}


async def _of_deploy(number: int, there: There, transaction: Transaction) -> dict[str, Artifact]:
    """What that deploy brought of each. Raises UserError."""
    rollout, part = await transaction.rollouts.by_number(number) or (None, None)
    parts = [part] if part else await transaction.rollouts.parts(rollout.id) if rollout else []
    brought = {each.service: each for each in parts if _is_good(each, there.place)}
    if rollout is None or rollout.plan_only or not brought.keys() & there.lines.keys():
        raise refusals_back.no_such_deploy(number, sorted(there.lines), there.place)
    if missing := sorted(there.lines.keys() - brought.keys()):
        raise refusals_back.did_not_bring(number, missing, sorted(brought.keys() & there.lines.keys()), there.place)
    artifacts = await transaction.artifacts.several(each.artifact_id for each in brought.values())
    chosen = {service: artifacts[brought[service].artifact_id] for service in there.lines}
    going = {service: each for service, each in chosen.items() if not _is_there(there.present(service), each)}
    if not going:
        raise refusals_back.runs_already(number, sorted(chosen), there.place)
    if unmerged := next((each for each in going.values() if there.place.merged_only and not each.is_merged), None):
        raise refusals_back.not_merged(unmerged, there.place)
    return going


def _is_good(part: Deployment, place: SharedEnvironment) -> bool:
    return part.environment == place.key and part.state is DeploymentState.SUCCEEDED


def _is_there(present: Brought, artifact: Artifact) -> bool:
    return present.artifact_id == artifact.id and not present.is_torn


def _runs(there: There, service: str) -> Artifact | None:
    return there.artifacts.get(there.present(service).artifact_id)


def _backwards(scene: Scene, services: Collection[str]) -> Scene:
    """Only these, and what was begun last goes back first."""
    last = max(each.stage for each in scene.wanted)
    kept = [replace(each, stage=last - each.stage) for each in scene.wanted if each.service.key in services]
    return replace(scene, wanted=tuple(sorted(kept, key=lambda each: (each.stage, each.service.key))))


async def _hold(rollout: Rollout, there: There, scene: Scene, transaction: Transaction) -> None:
    """All that was named, also what does not go back: what goes there by itself next would not be what was tried together."""
    reason = f"rollback {rollout.number}" + (f": {rollout.reason}" if rollout.reason else "")
    for service in there.lines:
        await transaction.holds.put(service, there.place.key, scene.person, reason)


async def _veto(rollout: Rollout, there: There, scene: Scene, transaction: Transaction) -> None:
    parts = await transaction.rollouts.parts(rollout.id)
    for each in parts:
        taken_back = _runs(there, each.service)
        if taken_back and taken_back.id != each.artifact_id:
            await put_veto(taken_back, rollout.reason, scene, transaction)


async def _tell(rollout: Rollout, there: There, chosen: Mapping[str, Artifact], transaction: Transaction) -> None:
    """Whoever brought what is taken back hears of it where they asked for it."""
    mine: dict[str, list[str]] = {}
    for service in chosen:
        mine.setdefault(there.present(service).rollout_id, []).append(service)
    for rollout_id, services in mine.items():
        taken_back = await transaction.rollouts.get(rollout_id)
        if taken_back and not taken_back.person.is_bot and taken_back.thread.address != rollout.thread.address:
            moves = [(service, _runs(there, service), chosen[service]) for service in sorted(services)]
            await transaction.post(taken_back.thread, words.taken_back(taken_back, rollout, moves))

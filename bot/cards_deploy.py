"""The card of a rollout: each of its services and how far it is, drawn from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cards import person_span
from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, DeploymentState, Rollout, RolloutKind, RolloutState, Waits
from bot.domain.prose import Block, Card, Code, Fact, Line, Log, Stage, StageState, Strong, Table, Tone, line
from bot.replies.common import brief, commit, moment
from bot.replies.deploy import how_it_is

State = DeploymentState

_STAGES = {
    State.SUCCEEDED: StageState.DONE,
    State.PLANNED: StageState.DONE,
    State.RUNNING: StageState.RUNNING,
    State.VERIFYING: StageState.RUNNING,
    State.FAILED: StageState.FAILED,
    State.ROLLED_BACK: StageState.FAILED,
}
_TONES = {
    RolloutState.SUCCEEDED: Tone.GOOD,
    RolloutState.FAILED: Tone.BAD,
    RolloutState.CANCELLED: Tone.NEUTRAL,
    RolloutState.PLANNED: Tone.GOOD,
}
_STOPPED = {
    "rejected": "rejected",
    "too_late": "nobody said yes in time",
    "stale_head": "its request has another head",
    "request_closed": "its request is over",
}
_MOST_STAGES = 12
_LOG_LINES = 10


def rollout_card(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], now: float) -> Card:
    is_waiting = all(each.state is State.WAITING or each.is_over for each in parts)
    return Card(
        title=line(Strong(rollout.words), " · ", Code(rollout.environment), *_kind(rollout)),
        tone=_TONES.get(rollout.state, Tone.WARNING if is_waiting else Tone.BUSY),
        state=_state_words(rollout, parts),
        stages=tuple(_stage(each, now) for each in parts) if len(parts) <= _MOST_STAGES else (),
        facts=_facts(rollout, parts, artifacts),
        body=(*_body(parts, artifacts), *_word(rollout, parts)),
    )


def _word(rollout: Rollout, parts: Sequence[Deployment]) -> tuple[Line, ...]:
    """The line that lets it begin, for whoever reads of it here only."""
    is_asked = rollout.approval_id and any(each.waits_for is Waits.APPROVAL and each.state is State.WAITING for each in parts)
    return (line("Let it begin: ", Code(f"/sled approve {rollout.approval_id}")),) if is_asked else ()


def _kind(rollout: Rollout) -> tuple[str, ...]:
    return () if rollout.kind is RolloutKind.DEPLOY else (f" · {rollout.kind}",)


def _state_words(rollout: Rollout, parts: Sequence[Deployment]) -> str:
    if rollout.state is RolloutState.SUCCEEDED:
        return f"done in {brief((rollout.ended_at or rollout.created_at) - rollout.created_at)}"
    if rollout.state is RolloutState.CANCELLED:
        return _STOPPED.get(rollout.code, "stopped, as asked")
    if rollout.state is RolloutState.PLANNED:
        return "planned, nothing is changed"
    if rollout.state is RolloutState.FAILED:
        return "failed"
    done = sum(each.state is State.SUCCEEDED for each in parts)
    return f"{done} of {len(parts)} services" if len(parts) > 1 else how_it_is(parts[0])


def _stage(part: Deployment, now: float) -> Stage:
    end = part.ended_at if part.ended_at is not None else now
    seconds = end - part.began_at if part.began_at is not None else None
    state = (
        StageState.FAILED if part.state is State.CANCELLED and part.began_at is not None else _STAGES.get(part.state, StageState.WAITING)
    )
    return Stage(part.service, state, seconds)


def _facts(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> tuple[Fact, ...]:
    found = [Fact("deploy", line(Code(str(rollout.number)))), Fact("asked by", line(person_span(rollout.person)))]
    if len(parts) == 1:
        artifact = artifacts.get(parts[0].artifact_id)
        if artifact:
            found.append(Fact("artifact", _artifact(artifact)))
        if parts[0].plan_hash:
            found.append(Fact("plan", line(Code(parts[0].plan_hash[:12]))))
    if rollout.reason:
        found.append(Fact("reason", line(rollout.reason)))
    if rollout.is_forced:
        found.append(Fact("forced", line("past locks, freezes, gates and the order of environments")))
    return tuple(found)


def _artifact(artifact: Artifact) -> Line:
    title = f" {artifact.title}" if artifact.title else ""
    return line(commit(artifact.commit), title, "" if artifact.is_merged else ", not merged")


def _body(parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if len(parts) > 1:
        rows = (
            (line(Strong(each.service)), line(commit(artifacts[each.artifact_id].commit)), line(how_it_is(each)))
            for each in parts
            if each.artifact_id in artifacts
        )
        blocks.append(Table(("service", "artifact", "how"), tuple(rows)))
    failed = next((each for each in parts if each.state in {State.FAILED, State.ROLLED_BACK}), None)
    if failed is not None:
        blocks.append(line(failed.reason or "it failed"))
        if failed.log:
            blocks.append(Log(tuple(failed.log.splitlines()[-_LOG_LINES:])))
    elif len(parts) == 1 and parts[0].state is State.WAITING:
        at = parts[0].due_at if parts[0].waits_for in {Waits.LOCK, Waits.FREEZE} else None
        when = (" It may begin ", moment(at), ".") if at is not None else ()
        blocks.append(line(f"It waits for {parts[0].waits_why}.", *when))
    return tuple(blocks)

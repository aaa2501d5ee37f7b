"""What is told of deploys that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.artifact import Artifact
from bot.domain.command import Event
from bot.domain.deployment import Deployment, Rollout, RolloutState
from bot.domain.prose import Block, Code, Items, Line, Log, Reply, Span, Strong, Table, Text, Tone, line
from bot.replies.answers import story
from bot.replies.common import brief, commit, moment, say
from bot.replies.deploy import how_it_is

_STATES = {
    RolloutState.OPEN: (Tone.BUSY, "under way"),
    RolloutState.SUCCEEDED: (Tone.GOOD, "done"),
    RolloutState.FAILED: (Tone.BAD, "failed"),
    RolloutState.CANCELLED: (Tone.WARNING, "stopped"),
    RolloutState.PLANNED: (Tone.GOOD, "planned, and nothing more was asked for"),
}
_LOG_LINES = 60


def _named(rollout: Rollout) -> tuple[Span, ...]:
    return (Text(f"Deploy {rollout.number}, "), Strong(rollout.words), Text(" to "), Strong(rollout.environment))


def cancel_begun(rollout: Rollout, going: Sequence[Deployment]) -> Reply:
    """`going`: those that run and are asked to end."""
    if not going:
        return say(Tone.NEUTRAL, *_named(rollout), ": nothing of it begins any more.")
    names = ", ".join(each.service for each in going)
    return say(Tone.NEUTRAL, *_named(rollout), f": {names} is asked to end, and what has not begun does not begin.")


def logs(rollout: Rollout, parts: Sequence[Deployment]) -> Reply:
    """The end of what each wrote."""
    more: list[Block] = []
    for each in parts:
        lines = tuple(each.log.splitlines()[-_LOG_LINES:])
        head = line(Strong(each.service), f" ({each.number}): {how_it_is(each)}")
        more += [head, Log(lines)] if lines else [head]
    if not any(each.log for each in parts):
        more.append(line("Nothing has been written yet." if rollout.state is RolloutState.OPEN else "Nothing was written."))
    return say(Tone.NEUTRAL, *_named(rollout), ":", more=more)


def why(rollout: Rollout, parts: Sequence[Deployment], events: Sequence[Event]) -> Reply:
    """How each is and by what, and all that happened, oldest first."""
    reason = f": {rollout.reason}" if rollout.reason else ""
    asked = line("Asked for by ", Strong(rollout.person.name), " ", moment(rollout.created_at), reason)
    states = Items(tuple(_state(each) for each in parts))
    past = (Items(tuple(_happened(each) for each in events)),) if events else ()
    tone, how = _STATES[rollout.state]
    code = (Text(" ("), Code(rollout.code), Text(")")) if rollout.code else ()
    return say(tone, *_named(rollout), f": {how}", *code, more=(asked, states, *past))


def _happened(event: Event) -> Line:
    return line(moment(event.at), f" {event.actor.partition(':')[2] or event.actor}: {story(event)}")


def _state(part: Deployment) -> Line:
    plan = (" · plan ", Code(part.plan_hash[:12])) if part.plan_hash else ()
    return line(Strong(part.service), f" ({part.number}): {how_it_is(part)}", *plan)


def history(past: Sequence[Deployment], acts: Mapping[str, Rollout], artifacts: Mapping[str, Artifact]) -> Reply:
    """The newest first."""
    rows = tuple(_row(each, acts[each.rollout_id], artifacts.get(each.artifact_id)) for each in past if each.rollout_id in acts)
    if not rows:
        return say(Tone.NEUTRAL, "Nothing was deployed yet. ", Code("/sled deploy SERVICE --to ENVIRONMENT"))
    table = Table(("deploy", "service", "where", "artifact", "who", "when", "how"), rows)
    return say(Tone.NEUTRAL, "The last deploys:" if len(rows) > 1 else "The last deploy:", more=(table,))


def _row(part: Deployment, rollout: Rollout, artifact: Artifact | None) -> tuple[Line, ...]:
    what = [Text(str(part.number))] + [Text(f" {rollout.kind}")] * (rollout.kind != "deploy")
    took = f", {brief(part.ended_at - part.began_at)}" if part.ended_at is not None and part.began_at is not None else ""
    built = line(commit(artifact.commit)) if artifact else line("?")
    who, when = line(rollout.person.name), line(moment(part.created_at))
    return line(*what), line(Strong(part.service)), line(part.environment), built, who, when, line(how_it_is(part), took)

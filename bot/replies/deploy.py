"""What becomes of a rollout, told to who waited for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.artifact import Artifact
from bot.domain.beginning import Wait
from bot.domain.deployment import Change, Deployment, DeploymentState, Lock, Rollout, RolloutKind, RolloutState, Waits
from bot.domain.message import Person
from bot.domain.prose import Block, Code, Items, Line, Log, Reply, Span, Strong, Table, Text, Tone, line
from bot.domain.scopes import Scope
from bot.replies.betas import is_beta
from bot.replies.common import brief, commit, moment, say
from bot.replies.going_back import held

State = DeploymentState

_LOG_LINES = 10
_MOST_CHANGES = 20
_BAD = frozenset({State.FAILED, State.ROLLED_BACK})


def ended(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], to: Person) -> Reply:
    if rollout.state is RolloutState.SUCCEEDED:
        return _done(rollout, parts, artifacts, to)
    if rollout.state is RolloutState.CANCELLED:
        more = (*_several(parts, artifacts), *_when_it_is_built(rollout, parts, artifacts), *_all_the_same(rollout))
        return say(Tone.WARNING, *_what(rollout), _stopped(rollout, parts), to=to, code=rollout.code, more=more)
    if rollout.state is RolloutState.PLANNED:
        return _planned(rollout, parts, artifacts, to)
    return _failed(rollout, parts, artifacts, to)


def _what(rollout: Rollout) -> tuple[Span, ...]:
    return (Strong(rollout.words), Text(" to "), Strong(rollout.environment))


def _stopped(rollout: Rollout, parts: Sequence[Deployment]) -> str:
    """Why, where somebody else than who asked saw to it."""
    reason = next((each.reason for each in parts if each.code == rollout.code and each.reason), "")
    return f" is not deployed: {reason}." if reason else " was stopped, as asked."


def _when_it_is_built(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> tuple[Line, ...]:
    """The line that asks for the head of the request that has moved on."""
    if rollout.code != "stale_head":
        return ()
    wished = rollout.words
    for part in parts:
        if part.request is not None and part.artifact_id in artifacts:
            wished = wished.replace(f"{part.service}@{artifacts[part.artifact_id].short}", f"{part.service}@{part.follows}")
    return (line("When that is built: ", Code(f"/sled deploy {wished} --to {rollout.environment}")),)


def _all_the_same(rollout: Rollout) -> tuple[Line, ...]:
    """A commit is followed nowhere, and stays what it is."""
    if rollout.code != "request_closed" or rollout.kind is not RolloutKind.DEPLOY:
        return ()
    return (line("If it is to go there all the same: ", Code(f"/sled deploy {rollout.words} --to {rollout.environment}")),)


def _planned(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], to: Person) -> Reply:
    """What would change, and the line that does it."""
    if len(parts) == 1 and not told_changes(parts[0]):
        head: tuple[Span, ...] = (*_what(rollout), Text(" would change nothing."))
    else:
        head = (*_what(rollout), Text(" would change this, and has changed nothing:"))
    more: list[Block] = list(plans(parts, artifacts))
    more.append(line("Do it: ", Code(f"/sled deploy {rollout.words} --to {rollout.environment}")))
    return say(Tone.GOOD, *head, to=to, more=more)


def plans(parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> Iterable[Block]:
    """Each with its plan, and each of its changes."""
    for each in parts:
        about = (Strong(each.service), " ", commit(artifacts[each.artifact_id].commit), ", plan ", Code(each.plan_hash[:12]))
        yield line(*about, f": {changes_in_words(each)}")
        shown = told_changes(each)
        if shown:
            rest = (line(f"… and {len(shown) - _MOST_CHANGES} more"),) if len(shown) > _MOST_CHANGES else ()
            yield Items((*(change_line(change) for change in shown[:_MOST_CHANGES]), *rest))


def told_changes(part: Deployment) -> tuple[Change, ...]:
    """Those that change something."""
    return tuple(each for each in part.changes if each.action != "keep")


def change_line(change: Change) -> Line:
    fields = f": {', '.join(change.fields)}" if change.fields else ""
    return line(f"{change.action} ", Code(f"{change.driver}/{change.key}"), fields)


def _done(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], to: Person) -> Reply:
    took = brief((rollout.ended_at or rollout.created_at) - rollout.created_at)
    if len(parts) > 1:
        is_there = " is back in " if rollout.kind is RolloutKind.ROLLBACK else " is in "
        head = (Strong(rollout.words), Text(is_there), Strong(rollout.environment), Text(f" after {took}: {len(parts)} services."))
        return say(Tone.GOOD, *head, to=to, more=(*_several(parts, artifacts), *_left(rollout, parts, artifacts)))
    [part] = parts
    runs = (Strong(part.service), Text(" runs "), commit(artifacts[part.artifact_id].commit), Text(" in "), Strong(part.environment))
    how = f" after {took}: {changes_in_words(part)}." if part.outcome != "unchanged" else f" already: nothing changed, in {took}."
    known = line("Deploy ", Code(str(rollout.number)), ", plan ", Code(part.plan_hash[:12]))
    return say(Tone.GOOD, *runs, how, to=to, more=(*_left(rollout, parts, artifacts), known))


def _left(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> tuple[Line, ...]:
    match rollout.kind:
        case RolloutKind.ROLLBACK:
            return (held(rollout, parts),)
        case RolloutKind.BETA:
            return (is_beta(parts, artifacts[parts[0].artifact_id]),)
        case RolloutKind.RELEASE:
            return (line(f"The beta there has ended: {rollout.reason}."),)
        case _:
            return ()


def changes_in_words(part: Deployment) -> str:
    """`1 created, 2 updated`."""
    words = {"create": "created", "update": "updated", "remove": "removed"}
    counts = {action: sum(each.action == action for each in part.changes) for action in words}
    return ", ".join(f"{count} {words[action]}" for action, count in counts.items() if count) or "nothing changed"


def _failed(rollout: Rollout, parts: Sequence[Deployment], artifacts: Mapping[str, Artifact], to: Person) -> Reply:
    part = next(each for each in parts if each.state in _BAD)
    who = (Strong(part.service), Text(" was not brought to "), Strong(part.environment), Text(": "))
    more: list[Block] = [Log(tuple(part.log.splitlines()[-_LOG_LINES:]))] if part.log else []
    more += _several(parts, artifacts) if len(parts) > 1 else ()
    more.append(line("Deploy ", Code(str(rollout.number)), *((", plan ", Code(part.plan_hash[:12])) if part.plan_hash else ())))
    return say(Tone.BAD, *who, part.reason or "it failed", to=to, code=part.code or "failed", more=more)


def _several(parts: Sequence[Deployment], artifacts: Mapping[str, Artifact]) -> tuple[Block, ...]:
    if len(parts) < 2:
        return ()
    rows = tuple((line(Strong(each.service)), line(commit(artifacts[each.artifact_id].commit)), line(how_it_is(each))) for each in parts)
    return (Table(("service", "artifact", "how"), rows),)


def how_it_is(part: Deployment) -> str:
    """As the end of a sentence about it."""
    hows = {
        State.QUEUED: "planned" if part.plan_hash else "planning",
        State.WAITING: f"waits for {part.waits_why}" if part.waits_why else "waits",
        State.RUNNING: f"{part.made} of {part.items} changes",
        State.VERIFYING: "waiting for its health",
        State.SUCCEEDED: "nothing changed" if part.outcome == "unchanged" else changes_in_words(part),
        State.ROLLED_BACK: "failed, and what ran before runs again",
        State.FAILED: f"failed: {part.reason}" if part.reason else "failed",
        State.PLANNED: f"would change: {changes_in_words(part)}" if told_changes(part) else "would change nothing",
        State.CANCELLED: "not begun" if part.began_at is None else "stopped",
    }
    is_held_up = part.troubles and part.state in {State.QUEUED, State.RUNNING, State.VERIFYING}
    return f"{hows[part.state]}, held up and tried again" if is_held_up else hows[part.state]


def waits(rollout: Rollout, part: Deployment, wait: Wait, ahead: int) -> Reply:
    """`ahead`: so many deploys of it to this environment were asked for earlier and are not over."""
    head: tuple[Span, ...] = (Strong(part.service), Text(" to "), Strong(part.environment))
    if wait.waits is Waits.WORD:
        again = line("Still wanted? Say it again: ", Code(_again(rollout)))
        told = f" could begin now, but does not by itself any more: {part.waits_why}."
        return say(Tone.WARNING, *head, told, to=rollout.person, code="waits_for_you", more=(again,))
    until = None if wait.waits is Waits.CHECKS else wait.until  # gates are only asked again then
    when = (" It may begin ", moment(until), ".") if until is not None else (" It begins when that is over.",)
    place = f" It is number {ahead + 1} in the line." if ahead else ""
    return say(Tone.BUSY, *head, f" waits for {part.waits_why}.", *when, place, to=rollout.person, code="waits")


def _again(rollout: Rollout) -> str:
    """The line that asks for the same once more."""
    is_plain = rollout.kind is RolloutKind.DEPLOY
    return f"/sled deploy {rollout.words} --to {rollout.environment}" if is_plain else f"/sled retry {rollout.number}"


def begins_after_all(rollout: Rollout, part: Deployment, waited_s: float) -> Reply:
    head: tuple[Span, ...] = (Strong(part.service), Text(" to "), Strong(part.environment))
    return say(Tone.BUSY, *head, f" begins now: it waited {brief(waited_s)} for {part.waits_why}.", to=rollout.person)


def warning(lock: Lock) -> Line:
    return line(f"Warning of {lock.owner.name} ({Scope.stored(lock.scope).words}): {lock.reason}")


def begins_all_the_same(rollout: Rollout, part: Deployment, forced: str, told: Sequence[Line]) -> Reply:
    """Past what only `--force` passes, where somebody left a warning, or shortly before a freeze."""
    head: tuple[Span, ...] = (Strong(part.service), Text(" to "), Strong(part.environment))
    if forced:
        return say(Tone.WARNING, *head, f" begins past {forced}, by the force of {rollout.person.name}.", code="forced", more=told)
    return say(Tone.WARNING, *head, " begins.", more=told)

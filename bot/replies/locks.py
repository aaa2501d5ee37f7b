"""What is told of locks, and of all that stands in the way of deploys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Lock, Slot, Veto
from bot.domain.message import Person
from bot.domain.prose import Block, Code, Items, Line, Mention, Reply, Span, Strong, Table, Text, Tone, line
from bot.domain.scopes import Scope
from bot.replies.common import hours, moment, say


@dataclass(frozen=True)
class Standing:
    """All that somebody may see of what stands in the way."""

    locks: Sequence[Lock]
    vetoes: Sequence[Veto]
    artifacts: Mapping[str, Artifact]
    holds: Sequence[Slot]
    now: float


def scope_words(lock: Lock) -> str:
    return Scope.stored(lock.scope).words


def until(lock: Lock) -> tuple[Span, ...]:
    """When it ends, as the middle of a sentence."""
    if lock.expires_at is None:
        return (Text("until it is unlocked"),)
    return (Text("until "), moment(lock.expires_at))


def unlock_line(lock: Lock) -> Code:
    return Code(f"/sled unlock {scope_words(lock)}")


def locked(lock: Lock, in_flight: Sequence[Deployment]) -> Reply:
    more: list[Block] = [line(f"Reason: {lock.reason}")]
    if in_flight and not lock.is_warning:
        named = ", ".join(f"{each.service} to {each.environment} (deploy {each.number})" for each in in_flight)
        more.append(line(f"What has begun ends: {named}."))
    more.append(line("End it: ", unlock_line(lock)))
    if lock.is_warning:
        head = (Strong(scope_words(lock)), " bears your warning ", *until(lock), ": whoever deploys there is told, and nobody is stopped.")
    else:
        head = (Strong(scope_words(lock)), " is locked by you ", *until(lock), ": deploys of others wait.")
    return say(Tone.GOOD, *head, more=more)


def locked_as_before(lock: Lock) -> Reply:
    return say(Tone.GOOD, *_yours(lock), " already. Reason: ", lock.reason)


def lock_changed(lock: Lock) -> Reply:
    return say(Tone.GOOD, *_yours(lock), ". Reason: ", lock.reason)


def _yours(lock: Lock) -> tuple[Span, ...]:
    how = " bears your warning " if lock.is_warning else " is locked by you "
    return (Strong(scope_words(lock)), Text(how), *until(lock))


def unlocked(lock: Lock, waiting: int, *, is_own: bool) -> Reply:
    what = "warning" if lock.is_warning else "lock"
    whose = (Text(f"your {what} on "),) if is_own else (Text(f"the {what} of "), Mention(lock.owner), Text(" on "))
    head = (*_capital(whose), Strong(scope_words(lock)), Text(" has ended."))
    told = f" {waiting} {'deploy that waits is' if waiting == 1 else 'deploys that wait are'} looked at again." if waiting else ""
    return say(Tone.GOOD, *head, *([Text(told)] if told else []))


def _capital(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    first, *rest = spans
    assert isinstance(first, Text)  # noqa: S101 - whose it is begins with a word
    return (Text(first.text[0].upper() + first.text[1:]), *rest)


def unlocked_by_another(lock: Lock, by: Person) -> Reply:
    head = (Text(f"{by.name} ended your {'warning' if lock.is_warning else 'lock'} on "), Strong(scope_words(lock)), Text("."))
    again = Code(f"/sled lock {scope_words(lock)} --reason …")
    return say(Tone.WARNING, *head, to=lock.owner, code="unlocked", more=(line("Have it again: ", again),))


def ran_out(lock: Lock) -> Reply:
    head = ("Your warning on " if lock.is_warning else "Your lock on ", Strong(scope_words(lock)), " is over: its time was up.")
    return say(Tone.NEUTRAL, *head, to=lock.owner, code="lock_ran_out")


def listed(what: Standing) -> Reply:
    if not (what.locks or what.vetoes or what.holds):
        return say(Tone.NEUTRAL, "Nothing is locked, vetoed or held. When nothing begins: ", Code("/sled freeze"))
    more: list[Block] = []
    if what.locks:
        more.append(Table(("what", "by", "since", "until", "why"), tuple(_lock_row(each, what.now) for each in what.locks)))
    if what.vetoes:
        more += [line("Vetoed:"), Items(tuple(line(*_vetoed(each, what.artifacts)) for each in what.vetoes))]
    if what.holds:
        more += [line("Held, so that nothing goes on there by itself:"), Items(tuple(line(*_held(each)) for each in what.holds))]
    count = len(what.locks)
    return say(Tone.NEUTRAL, f"{count} lock{'' if count == 1 else 's'}:" if count else "Nothing is locked.", more=more)


def _lock_row(lock: Lock, now: float) -> tuple[Line, ...]:
    ends = line(moment(lock.expires_at)) if lock.expires_at is not None else line("it is unlocked")
    what = line(Strong(scope_words(lock)), *([", only a warning"] if lock.is_warning else []))
    return what, line(lock.owner.name), line(f"{hours(now - lock.created_at)} ago"), ends, line(lock.reason)


def _vetoed(veto: Veto, artifacts: Mapping[str, Artifact]) -> tuple[Span, ...]:
    artifact = artifacts.get(veto.artifact_id)
    name = f"{veto.service}@{artifact.commit[:8]}" if artifact else veto.service
    return (Code(name), Text(f" by {veto.person.name}: {veto.reason}"))


def _held(slot: Slot) -> tuple[Span, ...]:
    by = f" by {slot.held_by.name}" if slot.held_by else ""
    why = f": {slot.held_reason}" if slot.held_reason else ""
    again = Code(f"/sled resume {slot.service} --in {slot.environment}")
    return (Strong(slot.service), Text(f" in {slot.environment}{by}{why}. Go on: "), again)

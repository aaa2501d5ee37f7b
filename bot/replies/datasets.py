"""What becomes of filling an environment with a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.datasets import LOG
from bot.domain.environment import Environment, Failure
from bot.domain.message import Person
from bot.domain.prose import Block, Code, Log, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import addresses, brief, commit, moment, say, typed


def seeded(environment: Environment, to: Person, seconds: float | None, besides: Sequence[Block] = ()) -> Reply:
    took = f", loaded in {brief(seconds)}" if seconds is not None else ""
    has = (Strong(environment.slug), Text(" is ready and has the data "), Code(environment.seeds.loaded), Text(f"{took}: "))
    at = (Code(environment.branch), Text(" at "), commit(environment.running_sha))
    until = line("It goes ", moment(environment.expires_at), ". More time: ", Code("/ivy extend"))
    return say(Tone.GOOD, *has, *at, to=to, more=(*addresses(environment), until, *besides))


def failed(environment: Environment, failure: Failure, to: Person | None) -> Reply:
    head = (
        Strong(environment.slug),
        Text(" runs, but the data "),
        Code(environment.seeds.dataset),
        Text(f" is not in it: {failure.reason}"),
    )
    more: list[Block] = [Log(failure.log)] if failure.log else []
    log = Code(f"{typed('logs', environment)} --service {LOG}")
    return say(
        Tone.BAD,
        *head,
        to=to,
        code=failure.code,
        more=(*more, *addresses(environment), line("Its log: ", log, " · ", *_again(environment))),
    )


def stopped(environment: Environment, to: Person) -> Reply:
    head = (Strong(environment.slug), Text(" runs, the data "), Code(environment.seeds.dataset))
    return say(
        Tone.WARNING,
        *head,
        Text(" is not, or only in part, in it: stopped, as asked."),
        to=to,
        code="cancelled",
        more=(line(*_again(environment)),),
    )


def data_words(environment: Environment) -> tuple[Span, ...]:
    """Which data is in it, and which is still to come; nothing where nobody asked for any."""
    seeds = environment.seeds
    has: tuple[Span, ...] = (Code(seeds.loaded),) if seeds.loaded else ()
    if not seeds.is_due:
        return has
    coming = (Code(seeds.dataset), Text(" is being loaded" if environment.is_seeding else " is still to be loaded"))
    return (*has, Text(", "), *coming) if has else coming


def _again(environment: Environment) -> tuple[Text, Code]:
    return Text("again: "), Code(f"{typed('update', environment)} --seed {environment.seeds.dataset}")

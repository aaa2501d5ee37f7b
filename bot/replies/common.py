"""What sentences about environments are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.environment import Environment, State
from bot.domain.message import Person
from bot.domain.prose import Block, Button, Code, Items, Link, Moment, Reply, Span, Text, Tone, line


def moment(at: float) -> Moment:
    return Moment(datetime.fromtimestamp(at, UTC))


def hours(seconds: float) -> str:
    """`90000` → `25 h`, `5400` → `1.5 h`, `600` → `10 min`."""
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"


def brief(seconds: float) -> str:
    """How long something took: `0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def say(
    tone: Tone,
    *spans: Span | str,
    to: Person | None = None,
    code: str | None = None,
    more: Sequence[Block] = (),
    buttons: tuple[Button, ...] = (),
) -> Reply:
    return Reply(tone, (line(*spans), *more), to, code, buttons)


def addresses(environment: Environment) -> tuple[Block, ...]:
    """One line for the first service, a list for several."""
    if not environment.addresses:
        return ()
    first, *others = environment.addresses
    head = line(Link(first.url, first.url))
    return (head, Items(tuple(line(Text(f"{each.service}: "), Link(each.url, each.url)) for each in others))) if others else (head,)


def how(environment: Environment) -> str:
    """`is ready`, `has failed`: the rest of a sentence about it."""
    return "has failed" if environment.state is State.FAILED else f"is {environment.state}"


_PLACES = {
    "local-env": "this machine, with a state of Terraform's",
    "branch-env": "an instance of its own on AWS",
    "trading-env": "a host of its own on AWS that reaches only its sandboxes and its feed",
}


def place(engine: str) -> str:
    """Where what an engine makes runs; "" for this machine and nothing more, which nobody is told."""
    return _PLACES.get(engine, "")


def who_may(roles: Sequence[str]) -> str:
    """` who is admin here`, after somebody who has to do something; "" where that is not a matter of roles."""
    return f" who is {' or '.join(roles)} here" if roles else ""


def commit(sha: str) -> Code:
    return Code(sha[:8])


def typed(verb: str, environment: Environment) -> str:
    """The line that does `verb` with it, from anywhere."""
    return f"/ivy {verb} {environment.slug}"


def again_line(environment: Environment) -> str:
    """The line that makes another one of it; of a fork's code only in its request."""
    return "/ivy create" if environment.is_fork else branch_line(environment.project, environment.ref)


def branch_line(project: str, ref: str) -> str:
    """The line that makes an environment of a branch from anywhere."""
    word = f"{project}:{ref.removeprefix('refs/heads/')}"
    is_plain = all(character.isalnum() or character in "-_./:" for character in word)
    return f"/ivy create {word}" if is_plain else f'/ivy create "{word}"'

"""Mistakes, refusals, our own faults."""

from __future__ import annotations

from bot.domain.errors import UserError
from bot.domain.message import Person
from bot.domain.project import Project, Right
from bot.domain.prose import Block, Code, Line, Log, Reply, Tone, line
from bot.replies.common import say
from grammar.mistakes import Mistake


def mistake(found: Mistake, to: Person) -> Reply:
    """Points at the place, and offers the nearest right thing."""
    pointed = Log((found.excerpt.line, f"{found.excerpt.carets} {found.message}"))
    more: list[Block] = [pointed, line("Try: ", Code(found.suggestion))] if found.suggestion else [pointed]
    return say(Tone.BAD, "That was not understood, and nothing was done.", to=to, code=found.code, more=more)


def refused(error: UserError, to: Person) -> Reply:
    return Reply(Tone.BAD, (Line(error.spans), *error.more), to, error.code)


NOT_ON_THE_LIST = "it needs a role, and you are not among the people who have one here. Whoever runs Trellis can add you"
CONFIGURED_NOBODY = "the configuration gives you no role here"
RIGHT_NOT_ASKED = "your right here could not be asked just now, and that is a no. Please say it again in a minute"


def another_platform(person: Person, project: Project | None) -> str:
    about = f"{project.path or project.key}, which is elsewhere" if project else "that"
    return f"an account on {person.platform} gives no right to {about}"


def right_is(person: Person, project: Project, right: Right) -> str:
    return f"{person.platform} says that the right of {person.name} to {project.path or project.key} is {right}"


def too_little(person: Person, project: Project, right: Right) -> str:
    return f"it needs the right to write to {project.path or project.key}, and {person.platform} says that yours is {right}"


def edited_before_it_began(to: Person, *, is_deleted: bool = False) -> Reply:
    what = "deleted" if is_deleted else "edited"
    return say(
        Tone.WARNING,
        f"You {what} the message before its command began, so it was not run. Say it again in a new message.",
        to=to,
        code="edited",
    )


def unwell(reference: str, to: Person) -> Reply:
    return say(
        Tone.BAD,
        "Something went wrong on our side, and nothing was done. It is in the log as ",
        Code(reference),
        ".",
        to=to,
        code="internal",
    )


def unreachable(what: str, to: Person) -> Reply:
    return say(Tone.BAD, f"{what} could not be asked, so nothing was done. Please say it again in a minute.", to=to, code="unavailable")

"""What is said while two accounts become one person."""

from __future__ import annotations

from bot.domain.message import Person
from bot.domain.prose import Button, Code, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import say


def _account(person: Person) -> tuple[Span, ...]:
    return Strong(person.name), Text(f" on {person.platform} (id {person.id})")


def code_given(code: str, to: Person, minutes: int) -> Reply:
    return say(
        Tone.NEUTRAL,
        "Say this with your other account, within ",
        f"{minutes} min: ",
        Code(f"/ivy link {code}"),
        to=to,
        more=(line("Then I ask you here whether that account is yours. The code alone joins nothing."),),
    )


def code_said(first: Person, second: Person) -> Reply:
    """To the second account."""
    confirm = Code(f"/ivy link {second.platform}:{second.id}")
    return say(Tone.BUSY, "Now confirm it where you got the code, as ", *_account(first), ": ", confirm, to=second)


def asks_to_be_joined(second: Person, to: Person) -> Reply:
    """To the first account, where it asked for the code."""
    typed = f"/ivy link {second.platform}:{second.id}"
    return Reply(
        Tone.WARNING,
        (
            line(*_account(second), " said your code. Is that you? Then: ", Code(typed)),
            line("Joined accounts have each other's rights, and count as one person. If it is not you, do nothing: the code is void now."),
        ),
        to,
        buttons=(Button("Yes, that is me", typed),),
    )


def joined(first: Person, second: Person, to: Person) -> Reply:
    other = second if to == first else first
    return say(
        Tone.GOOD,
        *_account(other),
        " and you are one person from now on. Part them: ",
        Code("/ivy unlink"),
        " · what you may do now: ",
        Code("/ivy whoami"),
        to=to,
    )


def parted(person: Person) -> Reply:
    return say(Tone.GOOD, *_account(person), " is on its own again.")

"""What the bot says, before it is drawn: spans, blocks, replies and cards, free of any platform's markup.

Text from people, branches and logs goes in as it is; each drawing escapes it for its platform.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from bot.domain.message import Person


class Text(msgspec.Struct, frozen=True, tag=True):
    text: str


class Code(msgspec.Struct, frozen=True, tag=True):
    """Something to type or to read to the letter, on one line."""

    text: str


class Strong(msgspec.Struct, frozen=True, tag=True):
    text: str


class Link(msgspec.Struct, frozen=True, tag=True):
    """`url` is http or https and made by us; anything else is drawn as text."""

    label: str
    url: str


class Mention(msgspec.Struct, frozen=True, tag=True):
    """Names a person so that the platform tells them. The only way a mention ever comes out."""

    person: Person


class Moment(msgspec.Struct, frozen=True, tag=True):
    """A point in time (aware), drawn in the reader's zone where the platform can, else in UTC."""

    at: datetime


Span = Text | Code | Strong | Link | Mention | Moment


class Line(msgspec.Struct, frozen=True, tag=True):
    """A paragraph."""

    spans: tuple[Span, ...]


class Log(msgspec.Struct, frozen=True, tag=True):
    """Lines of output or a pointed-at command, verbatim, in a fence that they cannot close."""

    lines: tuple[str, ...]


class Items(msgspec.Struct, frozen=True, tag=True):
    lines: tuple[Line, ...]


class Table(msgspec.Struct, frozen=True, tag=True):
    columns: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


Block = Line | Log | Items | Table


class Button(msgspec.Struct, frozen=True):
    """A command line that one press says, in the name of whoever presses. Where nothing can be pressed it is a line to type."""

    label: str
    line: str  # with its prefix: /ivy extend demo-5altct 4h


class Tone(StrEnum):
    GOOD = "good"
    NEUTRAL = "neutral"
    BUSY = "busy"
    WARNING = "warning"
    BAD = "bad"


class Reply(msgspec.Struct, frozen=True, tag=True):
    """A short post. `to` is named at its head; `code` is the stable reason code of a refusal or mistake."""

    tone: Tone
    blocks: tuple[Block, ...]
    to: Person | None = None
    code: str | None = None
    buttons: tuple[Button, ...] = ()


class StageState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Stage(msgspec.Struct, frozen=True):
    """A step of the work: seconds taken so far or in all, and what past runs took (None: no past runs).

    `done` of `of` things are made, where they can be counted (`of` above zero); with `doing`, they are tasks, and that is what they bring.
    """

    name: str
    state: StageState
    seconds: float | None = None
    expected_p50_s: float | None = None
    expected_p90_s: float | None = None
    done: int = 0
    of: int = 0
    doing: str = ""


class Fact(msgspec.Struct, frozen=True):
    name: str
    value: Line


class Card(msgspec.Struct, frozen=True, tag=True):
    """The living message of one subject in one thread: newest state only, edited in place."""

    title: Line
    tone: Tone
    state: str
    stages: tuple[Stage, ...] = ()
    facts: tuple[Fact, ...] = ()
    body: tuple[Block, ...] = ()
    next: tuple[Line, ...] = ()  # what to type next
    buttons: tuple[Button, ...] = ()


class Reaction(StrEnum):
    """A sign on the asking message."""

    SEEN = "seen"
    DONE = "done"
    FAILED = "failed"


def line(*spans: Span | str) -> Line:
    """Make a line; plain strings become `Text`."""
    return Line(tuple(Text(span) if isinstance(span, str) else span for span in spans))


def to_type(buttons: tuple[Button, ...], said: tuple[Line, ...] = ()) -> tuple[Block, ...]:
    """Buttons for where nothing can be pressed: each with the line that says the same, but for what `said` says to type already."""
    known = [span.text for each in said for span in each.spans if isinstance(span, Code)]
    left = [each for each in buttons if not any(f"{each.line} ".startswith(f"{text} ") for text in known)]
    return (Items(tuple(line(Text(f"{each.label}: "), Code(each.line)) for each in left)),) if left else ()

"""From a text to its commands: `read` a message, or `parse_line` one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grammar import find
from grammar.address import Place, owner, place
from grammar.commands import Command, Product
from grammar.fold import Folded
from grammar.line import command_of, page, suggestion
from grammar.mistakes import Code, Mistake, excerpt
from grammar.wrong import Fix, Wrong

LONGEST_TEXT = 64 * 1024  # bytes of UTF-8
LONGEST_LINE = 4 * 1024
MOST_COMMANDS = 5
_MOST_ANSWERS = 100  # what is beyond gets no answer of its own
_MOST_HELPED = 10  # refused lines that are read once more for their suggestion
_LOOKED_BEYOND = 1024 * 1024  # characters


@dataclass(frozen=True, slots=True)
class Understood:
    """`position` counts what was found in the message, from 0; `line` is as it arrived."""

    position: int
    line: str
    command: Command


@dataclass(frozen=True, slots=True)
class Misunderstood:
    position: int
    line: str
    mistake: Mistake


Found = Understood | Misunderstood
Answer = Command | Mistake

_TOO_MANY = f"a message may hold {MOST_COMMANDS} commands: say this one in a message of its own."
_BEYOND = f"a message is read to {LONGEST_TEXT // 1024} KiB, and this command stands behind that."
_LONG_LINE = f"a command line may be {LONGEST_LINE // 1024} KiB long, and this one goes on."
_SWALLOWED = {
    find.Swallower.QUOTE: "Markdown reads this line as part of the quote above it: leave an empty line between.",
    find.Swallower.LIST: "Markdown reads this line as part of the list above it: leave an empty line between, and begin at the margin.",
    find.Swallower.HEADING: "Markdown reads this line as a heading, because of the line drawn below it: leave an empty line between.",
    find.Swallower.HTML: "Markdown reads this line as part of the HTML above it: leave an empty line between.",
    find.Swallower.PARAGRAPH: "this line stands in a long paragraph with code, links or HTML: leave an empty line above it.",
    find.Swallower.TANGLE: "this message is too intricate to find commands in: say this one in a message of its own.",
}


def read(text: str, dialect: str, *, is_direct: bool = False, prefix: str | None = None, bot_name: str | None = None) -> tuple[Found, ...]:
    """Find the commands of a message, in order.

    `dialect`: "markdown", "slack", or "line", which takes the whole text as one command line. With `prefix` ("/ivy" or "/sled": a
    slash command) every dialect does so, and the text lacks it. `is_direct`: in a DM or after a mention, where the bare verb will do.
    `bot_name`: `@name ivy …` is the same as `/ivy …`.
    """
    where = place(dialect, is_direct=is_direct, bot_name=bot_name)
    if prefix is not None or dialect == "line":
        line = text if prefix is None else f"{prefix} {text}" if text else prefix
        answers = [(line, _answer(line, where))] if where.is_head(line.lstrip()) else []
    else:
        answers = _in_message(text, where)
    return tuple([_found(position, line, answer) for position, (line, answer) in enumerate(answers)])


def _found(position: int, line: str, answer: Answer) -> Found:
    if isinstance(answer, Mistake):
        return Misunderstood(position, line, answer)
    return Understood(position, line, answer)


def parse_line(line: str) -> Command | Mistake:
    """Read one line that is a command, with its prefix or the bare verb."""
    return _answer(line, Place(is_direct=True))


def warm() -> None:
    """Make the parsers now instead of with the first message."""
    parse_line("/ivy help")
    find.in_markdown("> -\n\n/ivy help\n", Place().is_head)


def _in_message(text: str, where: Place) -> list[tuple[str, Answer]]:
    kept = _beginning(text)
    spots = (find.in_slack if where.is_slack else find.in_markdown)(kept, where.is_head)
    if kept == text:
        return _answers(spots, where)
    last = len(find.lines_of(kept)) - 1  # may be cut in its middle
    return [*_answers([spot for spot in spots if spot.number != last], where), *_beyond(text, kept, where)]


def _answers(spots: Sequence[find.Spot], where: Place) -> list[tuple[str, Answer]]:
    answers: list[tuple[str, Answer]] = []
    commands = 0
    for spot in spots[:_MOST_ANSWERS]:
        commands += spot.swallowed_by is None
        is_helped = len(answers) < _MOST_HELPED
        if spot.swallowed_by is not None:
            answer: Answer = _refused(spot.line, where, Code.SWALLOWED, _SWALLOWED[spot.swallowed_by], is_helped=is_helped)
        elif commands > MOST_COMMANDS:
            answer = _refused(spot.line, where, Code.TOO_MANY, _TOO_MANY, is_helped=is_helped)
        else:
            answer = _answer(spot.line, where)
        answers.append((spot.line, answer))
    return answers


def _beginning(text: str) -> str:
    """Give as much of a text as is read."""
    if len(text) * 4 <= LONGEST_TEXT or len(_bytes(text)) <= LONGEST_TEXT:
        return text
    return _bytes(text)[:LONGEST_TEXT].decode("utf-8", "ignore") if text.isascii() else text[: _characters(text, LONGEST_TEXT)]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _characters(text: str, size: int) -> int:
    """How many characters fit in `size` bytes."""
    low, high = 0, min(len(text), size)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(_bytes(text[:middle])) <= size else (low, middle - 1)
    return low


def _beyond(text: str, kept: str, where: Place) -> Iterator[tuple[str, Answer]]:
    """Refuse the first command that is not read, so that its author is not left without an answer."""
    begin = max(kept.rfind("\n"), kept.rfind("\r")) + 1
    line = next((line for line in find.lines_of(text[begin : begin + _LOOKED_BEYOND]) if where.is_head(line)), None)
    if line is not None:
        yield line, _refused(line, where, Code.TOO_LONG, _BEYOND, is_helped=True)


def _answer(line: str, where: Place) -> Answer:
    """Read one line, as it arrived, that speaks to us."""
    if len(line) * 4 > LONGEST_LINE and len(_bytes(line)) > LONGEST_LINE:
        return _too_long(line)
    reading = _reading(line, where)
    try:
        return command_of(reading.product, reading.rest)
    except Wrong as wrong:
        return _mistake(reading, wrong)


class _Reading(NamedTuple):
    """A line on its way: what was typed after `lead` characters of space, that folded, and what stands from `start` on."""

    lead: int
    typed: Folded
    folded: Folded
    product: Product | None
    start: int
    rest: str


def _reading(line: str, where: Place) -> _Reading:
    body = line.lstrip()
    lead = len(line) - len(body)
    if "\n" in body or "\r" in body:
        body = body.replace("\n", " ").replace("\r", " ")
    typed, folded = where.folded(body)
    address = where.address(folded.text)
    product, start = address or (None, 0)
    rest = folded.text[start:].rstrip()
    return _Reading(lead, typed, folded, product or owner(rest.partition(" ")[0].lower()), start, rest)


def _mistake(reading: _Reading, wrong: Wrong) -> Mistake:
    start, end = (reading.start + at for at in wrong.place)
    if wrong.code is Code.MISSING_VERB:
        start, end = 0, len(reading.folded.text.rstrip())
    begin = reading.folded.typed(start)
    column = reading.lead + reading.typed.typed(begin) + 1
    pointed = excerpt(reading.typed.text, begin, reading.folded.typed(end - 1) + 1 if end > start else begin)
    better = suggestion(wrong.fixes, LONGEST_LINE) or page(reading.product or Product.IVY, reading.rest)
    return Mistake(wrong.code, wrong.message, column, better, pointed)


def _too_long(line: str) -> Mistake:
    at = _characters(line, LONGEST_LINE)
    return Mistake(Code.TOO_LONG, _LONG_LINE, at + 1, None, excerpt(line, at, at + 1))


def _refused(line: str, where: Place, code: Code, message: str, *, is_helped: bool) -> Mistake:
    """Refuse a line as a whole, whatever it says; suggest what it says, or what it should."""
    if len(_bytes(line)) > LONGEST_LINE:
        return Mistake(code, message, 1, None, excerpt(line, 0, 1))
    reading = _reading(line, where)
    better = suggestion((Fix(reading.product or Product.IVY, reading.rest),), LONGEST_LINE) if is_helped else None
    return Mistake(code, message, reading.lead + 1, better, excerpt(reading.typed.text, 0, len(reading.typed.text.rstrip())))

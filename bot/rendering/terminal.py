"""Replies and cards for a terminal: colours where there are any, plain lines where there are none."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from bot.domain.prose import (
    Block,
    Card,
    Code,
    Fact,
    Items,
    Line,
    Link,
    Log,
    Mention,
    Moment,
    Reply,
    Stage,
    StageState,
    Strong,
    Table,
    Text,
    Tone,
    to_type,
)
from bot.rendering.clean import letters, log, words
from bot.rendering.progress import SIGNS, bar, so_far, usual
from bot.rendering.spans import utc

if TYPE_CHECKING:
    from bot.domain.prose import Span

_SIGNS = {Tone.GOOD: "\u2713", Tone.NEUTRAL: "\u2022", Tone.BUSY: "\u25cf", Tone.WARNING: "!", Tone.BAD: "\u2717"}
_COLOURS = {Tone.GOOD: "green", Tone.NEUTRAL: "", Tone.BUSY: "cyan", Tone.WARNING: "yellow", Tone.BAD: "red"}
_STAGE_COLOURS = {StageState.DONE: "green", StageState.RUNNING: "cyan", StageState.WAITING: "dim", StageState.FAILED: "red"}


def draw(message: Reply | Card, width: int, colour: bool) -> str:  # noqa: FBT001 - says itself
    """Draw `message` at most `width` columns wide (at least 20), with a line break at its end and no escape code unless `colour`."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(width, 20),
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_card(message) if isinstance(message, Card) else _reply(message))
    return "\n".join(row.rstrip() for row in out.getvalue().rstrip().split("\n")) + "\n"


def _reply(reply: Reply) -> RenderableType:
    sign = Words(_SIGNS[reply.tone], style=_COLOURS[reply.tone])
    blocks = reply.blocks
    opening = Words()
    if reply.to is not None:
        opening.append(f"{words(reply.to.name).strip()}: ", style="bold")
    if blocks and isinstance(blocks[0], Line):
        opening.append_text(_line(blocks[0]))
        blocks = blocks[1:]
    body: list[RenderableType] = [opening, *(_block(block) for block in (*blocks, *to_type(reply.buttons)))]
    if reply.code:
        body.append(Words(f"reason: {words(reply.code)}", style="dim"))
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1)
    grid.add_row(sign, Group(*body))
    return grid


def _card(card: Card) -> RenderableType:
    title = (
        Words()
        .append(f"{_SIGNS[card.tone]} ", style=_COLOURS[card.tone])
        .append_text(Words("", style="bold").append_text(_line(card.title)))
    )
    if card.state:
        title.append(f" · {words(card.state)}", style=_COLOURS[card.tone])
    parts: list[RenderableType] = [title]
    if card.stages:
        parts.append(_stages(card.stages))
    if card.facts:
        parts.append(_facts(card.facts))
    parts += [_block(block) for block in (*card.body, *to_type(card.buttons, card.next))]
    if card.next:
        following = Words(" · ").join(_line(each) for each in card.next)
        parts.append(Words().append("Next: ", style="dim").append_text(following))
    return Group(parts[0], *(Padding(part, (0, 0, 0, 2)) for part in parts[1:]))


def _stages(stages: tuple[Stage, ...]) -> RenderableType:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for stage in stages:
        known = f"usually {usual(stage)}" if usual(stage) and stage.state in (StageState.RUNNING, StageState.WAITING) else ""
        sign = Words(SIGNS[stage.state], style=_STAGE_COLOURS[stage.state])
        grid.add_row(sign, Words(words(stage.name)), Words(so_far(stage)), Words(known, style="dim"))
    progress = bar(stages)
    return Group(Words(progress, style="cyan"), grid) if progress else grid


def _facts(facts: tuple[Fact, ...]) -> RenderableType:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(Words(words(fact.name, 40), style="dim"), _line(fact.value))
    return grid


def _block(block: Block) -> RenderableType:
    match block:
        case Line():
            return _line(block)
        case Log(lines):
            return Padding(Words("\n".join(log(lines, 60_000, 2_000)), style="dim", overflow="fold"), (0, 0, 0, 2))
        case Items(lines):
            grid = Grid.grid(padding=(0, 1))
            for each in lines:
                grid.add_row("-", _line(each))
            return grid
        case Table(columns, rows):
            return _table(columns, rows)


def _table(columns: tuple[str, ...], rows: tuple[tuple[Line, ...], ...]) -> RenderableType:
    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(Words(words(name)), overflow="fold")
    for row in rows:
        grid.add_row(*(_line(cell) for cell in row[: len(columns)]))
    return grid


def _line(line: Line) -> Words:
    drawn = Words(overflow="fold")
    for span in line.spans:
        drawn.append_text(_span(span))
    return drawn


def _span(span: Span) -> Words:
    match span:
        case Code(text):
            return Words(letters(text), style="bold cyan")
        case Strong(text):
            return Words(words(text), style="bold")
        case Link(label, url):
            label, url = words(label), letters(url)
            return Words(url, style="underline") if label in ("", url) else Words(f"{label} (").append(url, style="underline").append(")")
        case Mention(person):
            return Words(words(person.name or person.id), style="bold")
        case Moment(at):
            return Words(utc(at))
        case Text(text):
            return Words(words(text))

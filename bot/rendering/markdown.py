"""Replies and cards as GitHub's and GitLab's Markdown, in which only we have the say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.domain.message import Person, Platform
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
    Reply,
    Span,
    StageState,
    Strong,
    Table,
    Text,
    line,
    to_type,
)
from bot.rendering.clean import BREAK, letters, log, web_address, words
from bot.rendering.progress import SIGNS, bar, so_far, usual
from bot.rendering.spans import ICONS, guard_head, simplify

Flavour = Literal["github", "gitlab"]

LIMIT_BYTES = 60_000  # GitHub takes 65,536 characters, GitLab 1,000,000
_MARKER = re.compile(r"[A-Za-z0-9:._-]+")
# GitHub: letters, digits, hyphens, and an underscore in enterprises. GitLab: dots too; `all` would call everybody.
_NAMES = {
    "github": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"),
    "gitlab": re.compile(r"(?!all\Z)[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", re.IGNORECASE),
}

# Both platforms look for references in the rendered text, where a backslash no longer protects: these part them.
_REFERENCES = (
    (re.compile(r":(?=//)"), ":" + BREAK),  # autolinks
    (re.compile(r"\b(www)(?=\.)", re.IGNORECASE), r"\1" + BREAK),
    (re.compile(r"\b(g[hl]-)(?=\d)", re.IGNORECASE), r"\1" + BREAK),  # GH-12, GL-12
    (re.compile(r":(?=[\w+-]+:)"), ":" + BREAK),  # :emoji:
    (re.compile(r"([@\[{])"), r"\1" + BREAK),  # @name, [[wiki]], [issue:12], {+diff+}
    (re.compile(r"([#!%~&^*])(?=[\w\"'])"), r"\1" + BREAK),  # #12, !12, %milestone, ~label, &epic
    (re.compile(r"(\$)"), BREAK + r"\1" + BREAK),  # $math$, $12
)
_ESCAPES = str.maketrans({"`": "&#96;", "<": "&lt;", ">": "&gt;", "&": "&amp;"} | {sign: "\\" + sign for sign in "\\*_{}[]#!|~^$"})
_QUICK_ACTION = re.compile(r"(?=/[a-z_]+(?:\s|$))", re.IGNORECASE)


@dataclass(frozen=True)
class _Room:
    """How much of a message is drawn."""

    log: int
    rows: int
    span: int
    blocks: int = 60


_ROOMS = (_Room(20_000, 100, 4_500), _Room(6_000, 50, 1_000), _Room(2_000, 20, 300), _Room(600, 10, 100, 12), _Room(200, 3, 40, 4))


def draw(message: Reply | Card, flavour: Flavour, marker: str) -> str:
    """Write the source of a comment, at most LIMIT_BYTES long; `marker` (A-Z a-z 0-9 : . _ -) is hidden at its end."""
    if not _MARKER.fullmatch(marker):
        raise ValueError(f"a marker cannot be {marker!r}")
    drawn = ""
    for room in _ROOMS:
        pen = _Pen(flavour, room)
        parts = pen.card(message) if isinstance(message, Card) else pen.reply(message)
        drawn = "\n\n".join((*(part for part in parts if part), f"<!-- trellis:{marker} -->"))
        if len(drawn.encode()) <= LIMIT_BYTES:
            break
    return drawn


@dataclass(frozen=True)
class _Pen:
    flavour: Flavour
    room: _Room

    def reply(self, reply: Reply) -> list[str]:
        head: list[Span | str] = [Text(f"{ICONS[reply.tone]} ")] if ICONS[reply.tone] else []
        if reply.to is not None:
            head += [Mention(reply.to), Text(" ")]
        blocks = reply.blocks
        if blocks and isinstance(blocks[0], Line):
            head, blocks = [*head, *blocks[0].spans], blocks[1:]
        code = f"<sub>reason: {self.code(reply.code)}</sub>" if reply.code else ""
        return [self.line(line(*head)), *self.blocks((*blocks, *to_type(reply.buttons))), code]

    def card(self, card: Card) -> list[str]:
        icon = f"{ICONS[card.tone]} " if ICONS[card.tone] else ""
        title = self.line(line(icon, *card.title.spans, f" · {card.state}" if card.state else ""))
        return [
            f"### {title}" if title else "",
            *self.stages(card),
            "\\\n".join(each for fact in card.facts[: self.room.rows] if (each := self.fact(fact))),
            *self.blocks(card.body),
            self.next(card.next[:20]),
            *self.blocks(to_type(card.buttons, card.next)),
        ]

    def fact(self, fact: Fact) -> str:
        return self.line(line(Strong(fact.name), " ", *fact.value.spans))

    def stages(self, card: Card) -> list[str]:
        if not any(stage.state is StageState.RUNNING for stage in card.stages):
            drawn = (" ".join(word for word in (SIGNS[stage.state], self.text(stage.name), so_far(stage)) if word) for stage in card.stages)
            return [" · ".join(drawn)]
        rows = [
            f"| {SIGNS[stage.state]} | {self.text(stage.name)} | {so_far(stage)} | {usual(stage)} |".replace("|  |", "| |")
            for stage in card.stages
        ]
        return [bar(card.stages), "\n".join(("| | step | time | usually |", "|:-:|:--|--:|--:|", *rows))]

    def next(self, lines: tuple[Line, ...]) -> str:
        if not lines:
            return ""
        if all(len(each.spans) == 1 for each in lines):
            return "Next: " + " · ".join(self.line(each) for each in lines)
        return "\n".join(("Next:", "", *(f"- {self.line(each)}" for each in lines)))

    def blocks(self, blocks: tuple[Block, ...]) -> list[str]:
        drawn = [self.block(block) for block in blocks[: self.room.blocks]]
        return [*drawn, _more(len(blocks) - self.room.blocks, "paragraph")]

    def block(self, block: Block) -> str:
        match block:
            case Line():
                return self.line(block)
            case Log(lines):
                return self.log(lines)
            case Items(lines):
                drawn = "\n".join(f"- {self.line(each) or BREAK}" for each in lines[: self.room.rows])
                return "\n\n".join(part for part in (drawn, _more(len(lines) - self.room.rows, "item")) if part)
            case Table(columns, rows):
                return self.table(columns, rows)

    def table(self, columns: tuple[str, ...], rows: tuple[tuple[Line, ...], ...]) -> str:
        if not columns:
            return ""
        cells = [
            [self.line(cell, is_cell=True) for cell in (*row, *(Line(()),) * len(columns))[: len(columns)]]
            for row in rows[: self.room.rows]
        ]
        head = [self.text(name) for name in columns]
        drawn = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(columns), *cells)]
        return "\n\n".join(part for part in ("\n".join(drawn), _more(len(rows) - self.room.rows, "row")) if part)

    def log(self, lines: tuple[str, ...]) -> str:
        kept = log(lines, self.room.log)
        if not kept:
            return ""
        if self.flavour == "gitlab":  # older ones look for quick actions with a regex that takes any ``` for the fence's end
            kept = tuple(_QUICK_ACTION.sub(BREAK, each) if each.startswith("/") else each for each in kept)
        fence = "`" * max(3, 1 + _longest_run("\n".join(kept)))
        return "\n".join((fence, *kept, fence))

    def line(self, line: Line, *, is_cell: bool = False) -> str:
        simple = tuple(
            Text(words(span.text, self.room.span)) if isinstance(span, Text) else span for span in simplify(line, self.can_mention)[:200]
        )
        drawn, last = "", None
        for span in guard_head(simple):
            piece = self.span(span, is_cell=is_cell)
            if not piece:
                continue
            if not drawn:
                piece = _guard_block(piece.lstrip() if isinstance(span, Text) else piece)
            elif _would_join(last, span, piece):
                piece = BREAK + piece
            drawn, last = drawn + piece, span if piece else last
        return drawn.rstrip(" ")

    def span(self, span: Span, *, is_cell: bool) -> str:
        match span:
            case Code(text):
                drawn = self.code(text)
                return drawn.replace("\\|", f"\\{BREAK}|").replace("|", "\\|") if is_cell else drawn
            case Strong(text):
                inner = self.text(text).strip()
                return f"**{inner if inner[0].isalnum() else BREAK + inner}{'' if inner[-1].isalnum() else BREAK}**" if inner else ""
            case Link(label, url):
                return self.link(label, url)
            case Mention(person):
                return "@" + person.name
            case Text(text):
                return self.text(text)
            case _:
                raise AssertionError(span)  # simplify() leaves no other

    def text(self, text: str) -> str:
        text = words(text, self.room.span)
        for pattern, parted in _REFERENCES:
            text = pattern.sub(parted, text)
        return text.translate(_ESCAPES)

    def code(self, text: str) -> str:
        text = letters(text, self.room.span)
        ticks = "`" * (1 + _longest_run(text))
        needs_room = text.startswith("`") or text.endswith("`") or (text.startswith(" ") and text.endswith(" ") and text.strip())
        return f"{ticks} {text} {ticks}" if needs_room else f"{ticks}{text or ' '}{ticks}"

    def link(self, label: str, url: str) -> str:
        address = web_address(url) or ""
        if label.strip() in ("", url) and "|" not in address:
            return f"<{address}>"
        return f"[{self.text(label).strip() or BREAK}](<{address.replace('&', '&amp;')}>)"

    def can_mention(self, person: Person) -> bool:
        return person.platform is Platform(self.flavour) and _NAMES[self.flavour].fullmatch(person.name) is not None


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _guard_block(text: str) -> str:
    """Keep the head of a line from beginning a list, a rule or a heading."""
    if text[:1] in ("-", "+", "="):
        return "\\" + text
    return re.sub(r"^(\d{1,9})([.)])", r"\1\\\2", text)


def _would_join(last: Span | None, span: Span, piece: str) -> bool:
    if isinstance(last, Mention):  # @dana-x and @dana/x are somebody else
        return piece[0] not in " ,:;"
    return type(last) is type(span) and isinstance(span, Code | Strong)


def _more(count: int, noun: str) -> str:
    return f"\u2026 and {count} more {noun}{'s' if count != 1 else ''}" if count > 0 else ""

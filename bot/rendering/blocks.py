"""Replies and cards as Slack's Block Kit, within its limits; what users wrote pings nobody and formats nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.domain.message import Person, Platform
from bot.domain.prose import (
    Block,
    Button,
    Card,
    Code,
    Items,
    Line,
    Link,
    Log,
    Mention,
    Moment,
    Reply,
    Span,
    StageState,
    Strong,
    Table,
    Text,
    line,
    to_type,
)
from bot.rendering.clean import BREAK, CUT, letters, log, web_address, words
from bot.rendering.presses import actions, can_press, suggestions
from bot.rendering.progress import SIGNS, bar, so_far, usual
from bot.rendering.spans import ICONS, guard_head, plain_text, simplify, utc

# https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 3000 in a section, 10 fields of 2000, 150 in a header.
_MOST_BLOCKS, _SECTION, _FIELD, _FIELDS, _HEADER = 50, 2_900, 1_900, 10, 150
_MESSAGE = 12_000  # beyond about 13,000 in all Slack answers msg_blocks_too_long
_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "\u02cb"})  # nothing escapes a backtick: one that looks like it
_PARTED = (
    (re.compile(r":(?=//)|:(?=[\w+-]+:)"), ":" + BREAK),  # autolinks, :emoji:
    (re.compile(r"\b(www)(?=\.)", re.IGNORECASE), r"\1" + BREAK),
    (re.compile(r"@|#(?=\w)"), r"\g<0>" + BREAK),
    (re.compile(r"(?<!\w)[*_~]|[*_~](?!\w)"), BREAK + r"\g<0>" + BREAK),
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """What chat.postMessage takes. `text` is read aloud and shown in notifications; the first block's id bears the marker."""

    text: str
    blocks: list[Json]


def draw(message: Reply | Card, marker: str) -> Drawn:
    """Draw `message`; what is beyond Slack's limits is cut, logs from the front, and said to be."""
    text, blocks = _card(message) if isinstance(message, Card) else _reply(message)
    kept: list[Json] = []
    room = _MESSAGE
    for block in blocks:
        room -= _size(block)
        if room < 0 or len(kept) == _MOST_BLOCKS - 1:
            kept.append(_context(f"{CUT} the rest is left out"))
            break
        kept.append(block)
    kept = kept or [_section(text)]
    return Drawn(text, [{**kept[0], "block_id": f"trellis:{marker}"[:255]}, *kept[1:]])


def _reply(reply: Reply) -> tuple[str, list[Json]]:
    head: list[Span | str] = [f"{ICONS[reply.tone]} "] if ICONS[reply.tone] else []
    if reply.to is not None:
        head += [Mention(reply.to), " "]
    blocks = reply.blocks
    if blocks and isinstance(blocks[0], Line):
        head, blocks = [*head, *blocks[0].spans], blocks[1:]
    opening = mrkdwn(line(*head))
    code = [_context(f"reason: {_code(reply.code)}")] if reply.code else []
    sections = _sections((*([opening] if opening else []), *_paragraphs((*blocks, *_to_type(reply.buttons)))))
    return opening or "\u2026", [*sections, *actions((*reply.buttons, *suggestions(reply.blocks))), *code]


def _card(card: Card) -> tuple[str, list[Json]]:
    title = " ".join(part for part in (ICONS[card.tone], words(plain_text(card.title)).strip()) if part)
    title = " · ".join(part for part in (title, words(card.state)) if part)
    title = title if len(title) <= _HEADER else title[: _HEADER - 1] + CUT
    fields = [{**_mrkdwn(f"*{_text(fact.name[:80]).strip()}*\n{mrkdwn(fact.value, _FIELD - 200) or BREAK}")} for fact in card.facts[:40]]
    following = [mrkdwn(each, 500) for each in card.next[:_FIELDS] if not _is_pressed(each, card.buttons)]
    blocks: list[Json] = [
        {"type": "header", "text": {"type": "plain_text", "text": title or CUT, "emoji": False}},
        *_sections((_stages(card),)),
        *({"type": "section", "fields": fields[start : start + _FIELDS]} for start in range(0, len(fields), _FIELDS)),
        *_sections(_paragraphs((*card.body, *_to_type(card.buttons)))),
        *actions(card.buttons),
        *([_context("Next: " + " · ".join(following)[:_FIELD])] if following and sum(map(len, following)) < _FIELD else []),
    ]
    return _text(title) or CUT, blocks


def _to_type(buttons: tuple[Button, ...]) -> tuple[Block, ...]:
    """What cannot be pressed."""
    return to_type(tuple(each for each in buttons if not can_press(each)))


def _is_pressed(following: Line, buttons: tuple[Button, ...]) -> bool:
    """Whether a button says what stands there to be typed."""
    return any(isinstance(span, Code) and f"{each.line} ".startswith(f"{span.text} ") for span in following.spans for each in buttons)


def _stages(card: Card) -> str:
    if not any(stage.state is StageState.RUNNING for stage in card.stages):
        drawn = (" ".join(word for word in (SIGNS[stage.state], _text(stage.name), so_far(stage)) if word) for stage in card.stages)
        return " · ".join(drawn)
    rows = []
    for stage in card.stages:
        name = f"*{_text(stage.name)}*" if stage.state is StageState.RUNNING else _text(stage.name)
        known = f"_usually {usual(stage)}_" if usual(stage) and stage.state in (StageState.RUNNING, StageState.WAITING) else ""
        rows.append("  ".join(word for word in (SIGNS[stage.state], name, so_far(stage), known) if word))
    return "\n".join(row for row in (bar(card.stages), *rows) if row)


def _paragraphs(blocks: tuple[Block, ...]) -> list[str]:
    """Draw blocks as texts of at most one section each; a form feed at the head of one asks for a section of its own."""
    drawn: list[str] = []
    for block in blocks[:100]:
        match block:
            case Line():
                drawn.append(mrkdwn(block))
            case Items(lines):
                drawn += [f"•  {item}" for each in lines[:200] if (item := mrkdwn(each))]
            case Log(lines):
                drawn.append(_log(lines))
            case Table(columns, rows):
                drawn += [" · ".join(_text(name) for name in columns[:20])[: _SECTION - 100]] if not rows else []
                drawn += [" · ".join(cell for each in row[:20] if (cell := mrkdwn(each, 140))) for row in rows[:200]]
    return [each for each in drawn if each]


def _log(lines: tuple[str, ...]) -> str:
    for room in (_SECTION - 100, _SECTION // 2, _SECTION // 5):  # an & becomes five letters
        kept = "\n".join(log(lines, room)).replace("`", "\u02cb").translate(_ENTITIES)
        if len(kept) <= _SECTION - 10:
            break
    return f"\f```\n{kept}\n```" if kept else ""


def _sections(paragraphs: tuple[str, ...] | list[str]) -> list[Json]:
    texts: list[str] = []
    for paragraph in paragraphs:
        if not paragraph:
            continue
        if texts and not paragraph.startswith("\f") and not texts[-1].startswith("\f") and len(texts[-1]) + len(paragraph) < _SECTION:
            texts[-1] += "\n" + paragraph
        else:
            texts.append(paragraph)
    return [_section(text.removeprefix("\f")) for text in texts]


def mrkdwn(line: Line, limit: int = _SECTION) -> str:
    """Draw a line in Slack's markup; spans that do not fit in `limit` are left out whole."""
    drawn, last = "", None
    for span in guard_head(simplify(line, _can_mention, keep_moments=True)):
        piece = _span(span)
        if not piece:
            continue
        if not drawn:
            piece = piece.lstrip()
            piece = BREAK + piece if piece.startswith("&gt;") else piece  # a quotation
        elif _would_join(drawn + piece[0], last, span):
            piece = BREAK + piece
        if len(drawn) + len(piece) > limit:
            return drawn + CUT
        drawn, last = drawn + piece, span
    return drawn.rstrip(" ")


def _span(span: Span) -> str:
    match span:
        case Code(text):
            return _code(text)
        case Strong(text):
            inner = _text(text).strip()
            return f"*{inner}*" if inner else ""
        case Link(label, url):
            address = (web_address(url) or "").replace("&", "&amp;")
            shown = words(label, 300).strip().translate(_ENTITIES).replace("|", "\u2223")
            return f"<{address}>" if label.strip() in ("", url) else f"<{address}|{shown or CUT}>"
        case Mention(person):
            return f"<@{person.id}>"
        case Moment(at):
            return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{utc(at)}>"
        case Text(text):
            return _text(text)


def _text(text: str) -> str:
    text = words(text, 1_000)
    for pattern, parted in _PARTED:
        text = pattern.sub(parted, text)
    return text.translate(_ENTITIES)


def _code(text: str) -> str:
    inner = letters(text, 1_500).strip().translate(_ENTITIES)
    return f"`{inner}`" if inner else ""


def _would_join(drawn: str, last: Span | None, span: Span) -> bool:
    """Slack takes a mark for one only at the edge of a word. `drawn` ends with the first letter of what `span` gave."""
    before, after = drawn[-2], drawn[-1]
    is_mark, was_mark = isinstance(span, Code | Strong), isinstance(last, Code | Strong)
    return (is_mark and (was_mark or before.isalnum())) or (was_mark and after.isalnum())


def _can_mention(person: Person) -> bool:
    return person.platform is Platform.SLACK and _PERSON.fullmatch(person.id) is not None


def _mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _section(text: str) -> Json:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _size(block: Json) -> int:
    if block["type"] == "actions":
        return sum(len(each["text"]["text"]) + len(each["value"]) for each in block["elements"])
    texts = (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
    return sum(len(text["text"]) for text in texts if text)

"""Replies and cards as HTML that holds no script, no style and no address of anybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

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
    Stage,
    StageState,
    Strong,
    Table,
    Text,
    to_type,
)
from bot.rendering.clean import letters, log, web_address, words
from bot.rendering.progress import SIGNS, counted, left, share_done, took, usual
from bot.rendering.spans import utc

_COMMANDS = ("/ivy ", "/sled ")
_NOTHING = Markup("")


@dataclass(frozen=True)
class Pressing:
    """What a button needs to be pressed: where its line goes, the token of this session, and the page to come back to."""

    action: str
    csrf: str
    back: str


def draw(message: Reply | Card, pressing: Pressing | None = None) -> Markup:
    """Draw `message`. Without `pressing` its buttons are lines to type."""
    return _card(message, pressing) if isinstance(message, Card) else _reply(message, pressing)


def line(prose: Line) -> Markup:
    """Draw a line without a paragraph around it."""
    return _NOTHING.join(_span(span) for span in prose.spans)


def log_lines(lines: tuple[str, ...]) -> Markup:
    """Draw output to the letter."""
    return Markup("<pre class=log tabindex=0>{}</pre>").format("\n".join(log(lines, 200_000, 2_000)))


def moment(at_iso: str, shown: str) -> Markup:
    """Draw a time that the script writes in the reader's own zone."""
    return Markup('<time datetime="{}">{}</time>').format(at_iso, shown)


def stages(each: tuple[Stage, ...]) -> Markup:
    """The steps of the work: what they took, what they usually take, and how far it is."""
    if not each:
        return _NOTHING
    rows = _NOTHING.join(_stage(stage) for stage in each)
    return Markup("{}<ol class=stages>{}</ol>").format(_bar(each), rows)


def buttons(each: tuple[Button, ...], pressing: Pressing | None) -> Markup:
    """Something to press for each, or the lines that say the same."""
    if pressing is None:
        return _NOTHING.join(block(each) for each in to_type(each))
    if not each:
        return _NOTHING
    presses = _NOTHING.join(Markup('<button name=line value="{}">{}</button> ').format(button.line, words(button.label)) for button in each)
    return Markup(
        '<form class=presses method=post action="{}"><input type=hidden name=csrf value="{}">'
        '<input type=hidden name=back value="{}">{}</form>'
    ).format(pressing.action, pressing.csrf, pressing.back, presses)


def _reply(reply: Reply, pressing: Pressing | None) -> Markup:
    named = Markup("<strong>{}</strong>: ").format(words(reply.to.name or reply.to.id).strip()) if reply.to else _NOTHING
    blocks = reply.blocks
    opening = _NOTHING
    if blocks and isinstance(blocks[0], Line):
        opening, blocks = line(blocks[0]), blocks[1:]
    parts = [Markup("<p>{}{}</p>").format(named, opening), *(block(each) for each in blocks), buttons(reply.buttons, pressing)]
    if reply.code:
        parts.append(Markup("<p class=code>reason: {}</p>").format(words(reply.code)))
    return Markup('<div class="reply tone-{}">{}</div>').format(reply.tone.value, _NOTHING.join(parts))


def _card(card: Card, pressing: Pressing | None) -> Markup:
    parts = [
        Markup("<h3>{} <span class=state>{}</span></h3>").format(line(card.title), words(card.state)),
        stages(card.stages),
        _facts(card),
        *(block(each) for each in card.body),
        buttons(card.buttons, pressing),
    ]
    if card.next and not (card.buttons and pressing):
        following = Markup(" · ").join(line(each) for each in card.next)
        parts.append(Markup("<p class=next>Next: {}</p>").format(following))
    return Markup('<div class="card tone-{}">{}</div>').format(card.tone.value, _NOTHING.join(parts))


def _facts(card: Card) -> Markup:
    if not card.facts:
        return _NOTHING
    rows = _NOTHING.join(Markup("<dt>{}</dt><dd>{}</dd>").format(words(fact.name, 40), line(fact.value)) for fact in card.facts)
    return Markup("<dl class=facts>{}</dl>").format(rows)


def _bar(each: tuple[Stage, ...]) -> Markup:
    """Ticks by itself: how many seconds are done of how many, for the script to go on counting."""
    if not any(stage.state is StageState.RUNNING for stage in each):
        return _NOTHING
    share = share_done(each)
    if share is None:
        return Markup("<p class=left>{}</p>").format(left(each)) if left(each) else _NOTHING
    total = sum((stage.seconds if stage.state is StageState.DONE else stage.expected_p50_s) or 0.0 for stage in each)
    return Markup(
        '<p class=left><progress max=1 value="{:.3f}" data-total="{:.2f}" aria-label="how far it is"></progress> <span>{}</span></p>'
    ).format(share, total, left(each))


def _stage(stage: Stage) -> Markup:
    known = f"usually {usual(stage)}" if usual(stage) and stage.state in {StageState.RUNNING, StageState.WAITING} else ""
    known = ", ".join(word for word in (counted(stage), known) if word)
    seconds = (
        Markup(' data-seconds="{:.1f}"').format(stage.seconds)
        if stage.state is StageState.RUNNING and stage.seconds is not None
        else _NOTHING
    )
    return Markup(
        "<li class={}><span class=sign aria-hidden=true>{}</span> <span class=name>{}</span> "
        "<span class=took{}>{}</span> <span class=usual>{}</span><span class=hidden>, {}</span></li>"
    ).format(stage.state.value, SIGNS[stage.state], words(stage.name), seconds, took(stage), known, stage.state.value)


def block(shown: Block) -> Markup:
    """Draw a block by itself."""
    match shown:
        case Line():
            return Markup("<p>{}</p>").format(line(shown))
        case Log(lines):
            return log_lines(lines)
        case Items(lines):
            return Markup("<ul>{}</ul>").format(_NOTHING.join(Markup("<li>{}</li>").format(line(each)) for each in lines))
        case Table(columns, rows):
            return _table(columns, rows)


def _table(columns: tuple[str, ...], rows: tuple[tuple[Line, ...], ...]) -> Markup:
    head = _NOTHING.join(Markup("<th scope=col>{}</th>").format(words(name)) for name in columns)
    body = _NOTHING.join(
        Markup("<tr>{}</tr>").format(
            _NOTHING.join(
                Markup('<td data-label="{}">{}</td>').format(words(name), line(cell)) for name, cell in zip(columns, row, strict=False)
            )
        )
        for row in rows
    )
    return Markup("<div class=scroll><table class=cards><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>").format(head, body)


def _span(span: Span) -> Markup:
    match span:
        case Code(text):
            return _code(letters(text))
        case Strong(text):
            return Markup("<strong>{}</strong>").format(words(text))
        case Link(label, url):
            return link(label, url)
        case Mention(person):
            return Markup("<strong class=person>{}</strong>").format(words(person.name or person.id))
        case Moment(at):
            return moment(at.isoformat(), utc(at))
        case Text(text):
            return Markup.escape(words(text))


def _code(text: str) -> Markup:
    """A command is a link that has it typed already in the chat, to be read before it is sent; one with blanks to fill in is not."""
    if text.startswith(_COMMANDS) and "[" not in text:
        return Markup('<a class=say href="/chat?text={}"><code>{}</code></a>').format(quote(text, safe=""), text)
    return Markup("<code>{}</code>").format(text)


def link(label: str, url: str) -> Markup:
    """A link to http or https; anything else is text."""
    address = web_address(url)
    if address is None:
        return Markup.escape(words(label if label == url else f"{label} ({url})"))
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(address, words(label) or address)

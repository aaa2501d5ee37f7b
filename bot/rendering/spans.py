"""What every drawing does before it escapes: a line brought to the few kinds of spans that the platform knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.domain.prose import Code, Line, Link, Mention, Moment, Span, Strong, Text, Tone
from bot.rendering.clean import web_address, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.message import Person

ICONS = {Tone.GOOD: "\u2705", Tone.NEUTRAL: "", Tone.BUSY: "\u23f3", Tone.WARNING: "\u26a0\ufe0f", Tone.BAD: "\u274c"}


def utc(at: datetime) -> str:
    """Write a moment in the one zone that everybody can convert from."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def simplify(line: Line, can_mention: Callable[[Person], bool], *, keep_moments: bool = False) -> tuple[Span, ...]:
    """Fold what cannot be drawn (people of elsewhere, odd addresses, moments) to Text, and join neighbouring Texts.

    Joined, because `#` and `12` in two spans are a reference on the page; cleaned first, so that a colour code begun in one
    cannot swallow another.
    """
    simple: list[Span] = []
    for span in line.spans:
        plain = _plain(span, can_mention, keep_moments=keep_moments)
        plain = Text(words(plain.text, 4_500)) if isinstance(plain, Text) else plain
        last = simple[-1] if simple else None
        if isinstance(plain, Text) and isinstance(last, Text):
            simple[-1] = Text(last.text + plain.text)
        else:
            simple.append(plain)
    return tuple(simple)


def _plain(span: Span, can_mention: Callable[[Person], bool], *, keep_moments: bool) -> Span:
    match span:
        case Mention(person) if not can_mention(person):
            return Text(person.name or person.id)
        case Moment(at) if not keep_moments:
            return Text(utc(at))
        case Link(label, url):
            if web_address(url) is None:
                return Text(label if label == url else f"{label} ({url})")
            return span
        case _:
            return span


def guard_head(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Make a line nobody's command: a first word that begins with `/` or `@` is set as code."""
    for index, span in enumerate(spans):
        if isinstance(span, Link) and words(span.label).lstrip()[:1] in ("/", "@"):
            return (Text("\u2192 "), *spans[index:])
        if not isinstance(span, Text | Strong):
            return spans
        text = words(span.text, 4_500).lstrip()
        if not text:
            continue
        if text[0] not in "/@":
            return spans
        word, space, rest = text.partition(" ")
        tail = (type(span)(space + rest),) if rest else ()
        return (Code(word), *tail, *spans[index + 1 :])
    return spans


def plain_text(line: Line) -> str:
    """Give the words alone, for titles and notifications."""
    return "".join(_words(span) for span in line.spans)


def _words(span: Span) -> str:
    match span:
        case Mention(person):
            return person.name or person.id
        case Moment(at):
            return utc(at)
        case Link(label, url):
            return label or url
        case _:
            return span.text

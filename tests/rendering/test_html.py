"""What a page shows of replies and cards: nothing of theirs is ever markup."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Platform
from bot.domain.prose import Button, Card, Code, Items, Line, Link, Log, Mention, Reply, Strong, Table, Tone, line
from bot.rendering.html import Pressing, draw
from tests.rendering.messages import DANA, failed_card, messages, running_card

PRESSING = Pressing("/say", "token", "/environments/demo")
ELEMENTS = {
    "a", "button", "code", "dd", "div", "dl", "dt", "form", "h3", "input", "li", "ol", "p", "pre", "progress", "span", "strong",
    "table", "tbody", "td", "th", "thead", "time", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "action", "aria-hidden", "aria-label", "class", "data-label", "data-seconds", "data-total", "datetime", "href", "max", "method", "name",
    "rel", "scope", "tabindex", "type", "value",
}  # fmt: skip


class Page(HTMLParser):
    """Every element, attribute and address there is."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}]

    def handle_data(self, data: str) -> None:
        self.words += data


@given(messages)
def test_only_our_elements_and_only_links_to_the_web_or_to_ourselves(message: Reply | Card) -> None:
    page = Page(str(draw(message, PRESSING)))
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert all(urlsplit(each).scheme in {"http", "https"} or each.startswith(("/chat?text=", "/say")) for each in page.links)


EVIL = '"><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>'


def test_a_hostile_name_is_words_wherever_it_stands() -> None:
    person = DANA[Platform.CONSOLE].__class__(Platform.CONSOLE, EVIL, EVIL)
    blocks = (
        line(EVIL, Code(f"/ivy create {EVIL}"), Code(EVIL), Strong(EVIL), Link(EVIL, f"javascript:{EVIL}"), Mention(person)),
        Log((EVIL, "</pre>" + EVIL)),
        Items((line(EVIL),)),
        Table((EVIL,), ((line(EVIL),),)),
    )
    drawn = draw(Reply(Tone.BAD, blocks, person, EVIL, (Button(EVIL, EVIL),)), PRESSING)
    page = Page(str(drawn))
    assert page.elements <= ELEMENTS
    assert "script" not in page.elements
    assert all(each.startswith(("/chat?text=", "/say")) for each in page.links)
    assert page.words.count("alert(1)") >= 10


def test_a_card_counts_on_by_itself_and_a_command_is_typed_for_you() -> None:
    drawn = str(draw(running_card(DANA[Platform.CONSOLE])))
    assert '<progress max=1 value="0.398" data-total="33.20" aria-label="how far it is"></progress> <span>about 20 s left</span>' in drawn
    assert (
        "<li class=running><span class=sign aria-hidden=true>●</span> <span class=name>configuring</span> "
        '<span class=took data-seconds="12.0">12 s</span> <span class=usual>usually 30\N{EN DASH}45 s</span>'
        "<span class=hidden>, running</span></li>"
    ) in drawn
    assert '<a class=say href="/chat?text=%2Fivy%20status"><code>/ivy status</code></a>' in drawn
    assert '<time datetime="2026-03-04T18:00:00+00:00">2026-03-04 18:00 UTC</time>' in drawn


def test_buttons_are_pressed_with_a_token_or_typed() -> None:
    reply = Reply(Tone.WARNING, (line("It goes soon."),), buttons=(Button("+24 h", "/ivy extend demo 24h"),))
    assert str(draw(reply, PRESSING)) == (
        '<div class="reply tone-warning"><p>It goes soon.</p><form class=presses method=post action="/say">'
        '<input type=hidden name=csrf value="token"><input type=hidden name=back value="/environments/demo">'
        '<button name=line value="/ivy extend demo 24h">+24 h</button> </form></div>'
    )
    assert str(draw(reply)) == (
        '<div class="reply tone-warning"><p>It goes soon.</p><ul><li>+24 h: '
        '<a class=say href="/chat?text=%2Fivy%20extend%20demo%2024h"><code>/ivy extend demo 24h</code></a></li></ul></div>'
    )


def test_a_failed_card_shows_its_log_to_the_letter() -> None:
    assert "<pre class=log tabindex=0>make: *** [web] Error 2\n```</pre>" in str(draw(failed_card()))


@given(st.text())
def test_a_log_is_text(text: str) -> None:
    assert Page(str(draw(Reply(Tone.GOOD, (Line(()), Log((text,))))))).elements <= ELEMENTS

"""Messages to draw: a full card, replies of each tone, and whatever a hostile user could put into one."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

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
    Moment,
    Reply,
    Span,
    Stage,
    StageState,
    Strong,
    Table,
    Text,
    Tone,
    line,
)

DANA = {
    Platform.GITHUB: Person(Platform.GITHUB, "7", "dana"),
    Platform.GITLAB: Person(Platform.GITLAB, "7", "dana"),
    Platform.SLACK: Person(Platform.SLACK, "U7DANA", "dana"),
    Platform.CONSOLE: Person(Platform.CONSOLE, "dana", "dana"),
}
URL = "http://feature-x-1f3a.localhost:8780"


def running_card(owner: Person) -> Card:
    return Card(
        title=line(Link("feature-x-1f3a", URL)),
        tone=Tone.BUSY,
        state="configuring",
        stages=(
            Stage("provisioning", StageState.DONE, 1.2, 1.1, 2.0),
            Stage("configuring", StageState.RUNNING, 12, 30, 45),
            Stage("starting", StageState.WAITING, None, 2, 9),
        ),
        facts=(
            Fact("Address", line(Link(URL, URL))),
            Fact("Commit", line(Code("1f3a9c2b"), " on ", Code("feature/x"))),
            Fact("Owner", line(Mention(owner))),
            Fact("Expires", line(Moment(datetime(2026, 3, 4, 18, tzinfo=UTC)))),
        ),
        next=(line(Code("/ivy status")), line(Code("/ivy cancel"))),
    )


def failed_card() -> Card:
    return Card(
        title=line("feature-x-1f3a"),
        tone=Tone.BAD,
        state="failed",
        stages=(
            Stage("provisioning", StageState.DONE, 1.2),
            Stage("configuring", StageState.FAILED, 61),
            Stage("starting", StageState.WAITING),
        ),
        body=(line("The build of ", Strong("web"), " ended with status 2:"), Log(("\x1b[31mmake: *** [web] Error 2\x1b[0m", "```"))),
        next=(line(Code("/ivy retry"), " tries again"), line(Code("/ivy logs"), " shows more")),
    )


_TOKENS = st.sampled_from(
    [
        "@dana",
        "@all",
        "@org/team",
        "#12",
        "!12",
        "owner/repo#1",
        "GH-1",
        "gl-12",
        "%1",
        "~bug",
        "$5",
        "&3",
        "$x$",
        "[[_TOC_]]",
        "[issue:1]",
        "*iteration:1",
        "^alert#1",
        "<!channel>",
        "<!here>",
        "<!subteam^S1>",
        "@here",
        "@channel",
        "<@U123>",
        "<#C1|x>",
        "<http://evil.example|ok>",
        "<img/src=x>",
        "<b>",
        "</details>",
        "<!--",
        "-->",
        "&lt;",
        "&#96;",
        "https://evil.example/x",
        "http://a.b",
        "www.evil.example",
        "mailto:a@b.example",
        "a@b.example",
        "ftp://x.example",
        "ssh://git@x.example",
        "![a](http://e.example/b.png)",
        "[a](http://e.example)",
        "[a]:",
        "a*b*",
        "**b**",
        "__c__",
        "_d_",
        "~~e~~",
        "`",
        "``",
        "```",
        "~~~",
        "`x`",
        "\\",
        "\\`",
        "|",
        "||",
        "---",
        "***",
        "___",
        "===",
        "-",
        "+",
        "*",
        "1.",
        "2)",
        ">",
        ">>>",
        "#",
        "##",
        "/ivy",
        "/close",
        "/ivy\xa0create",
        "//x",
        ":tada:",
        ":::",
        "{+a+}",
        "{-b-}",
        "[^1]",
        "[x]",
        "\u202eevil\u202c",
        "\u200b/close",
        "\ufeff",
        "\u2066",
        "\x00",
        "\x1b[31m",
        "\x1b]8;;http://e.example\x07",
        "\u200d",
        "\u200c",
        "é",
        "👩\u200d💻",
        "�",
        "\u2028",
        "\x85",
        "\x9b31m",
        "＠dana",
        "ᅟ",
    ]
)
hostile = st.lists(st.one_of(_TOKENS, st.sampled_from([" ", "\n", "\r\n", "\t", "    ", "\n\n"]), st.text(max_size=3)), max_size=8).map(
    "".join
)
logins = st.one_of(st.sampled_from(["dana", "dana-x", "all", "x[bot]", "a_b", "a.b", "", "@x", "<b>"]), hostile)
people = st.builds(Person, st.sampled_from(Platform), st.one_of(st.just("U7DANA"), hostile), logins)
urls = st.one_of(
    st.just(URL), st.sampled_from(["javascript:alert(1)", "https://a.example/?a=1&copy=2#x|y", "http://u:p@x.example", "//x", ""]), hostile
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
spans: st.SearchStrategy[Span] = st.one_of(
    hostile.map(Text),
    hostile.map(Code),
    hostile.map(Strong),
    st.builds(Link, hostile, urls),
    people.map(Mention),
    moments.map(Moment),
)
lines = st.lists(spans, max_size=4).map(lambda each: Line(tuple(each)))
logs = st.lists(hostile, max_size=4).map(lambda each: Log(tuple(each)))
tables = st.integers(1, 3).flatmap(
    lambda width: st.builds(
        Table,
        st.tuples(*(hostile,) * width),
        st.lists(st.tuples(*(lines,) * width), max_size=3).map(tuple),
    )
)
blocks: st.SearchStrategy[Block] = st.one_of(lines, logs, st.lists(lines, max_size=3).map(lambda each: Items(tuple(each))), tables)
some_blocks = st.lists(blocks, max_size=4).map(tuple)
replies = st.builds(Reply, st.sampled_from(Tone), some_blocks, st.none() | people, st.none() | hostile)
seconds = st.none() | st.floats(0, 1e6)
stages = st.builds(Stage, hostile, st.sampled_from(StageState), seconds, seconds, seconds)
cards = st.builds(
    Card,
    lines,
    st.sampled_from(Tone),
    hostile,
    st.lists(stages, max_size=3).map(tuple),
    st.lists(st.builds(Fact, hostile, lines), max_size=3).map(tuple),
    some_blocks,
    st.lists(lines, max_size=3).map(tuple),
)
messages = st.one_of(replies, cards)

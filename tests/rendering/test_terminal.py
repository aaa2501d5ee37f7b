"""What a terminal shows: plain where there is no colour, never a control code of somebody else's."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Platform
from bot.domain.prose import Card, Code, Items, Log, Reply, Table, Tone, line
from bot.rendering.terminal import draw
from tests.rendering.messages import DANA, failed_card, messages, running_card


def test_a_card_shows_state_progress_addresses_and_what_to_type() -> None:
    assert draw(running_card(DANA[Platform.CONSOLE]), 80, colour=False) == (
        "● feature-x-1f3a (http://feature-x-1f3a.localhost:8780) · configuring\n"
        "  ▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱ 40 % · about 20 s left\n"
        "  ✓  provisioning  1.2 s\n"
        "  ●  configuring    12 s  usually 30–45 s\n"
        "  ○  starting             usually 2–9 s\n"
        "  Address  http://feature-x-1f3a.localhost:8780\n"
        "  Commit   1f3a9c2b on feature/x\n"
        "  Owner    dana\n"
        "  Expires  2026-03-04 18:00 UTC\n"
        "  Next: /ivy status · /ivy cancel\n"
    )


def test_a_failed_card_shows_the_end_of_the_log_and_the_way_on() -> None:
    assert draw(failed_card(), 80, colour=False) == (
        "✗ feature-x-1f3a · failed\n"
        "  ✓  provisioning      1.2 s\n"
        "  ✗  configuring   1 min 1 s\n"
        "  ○  starting\n"
        "  The build of web ended with status 2:\n"
        "    make: *** [web] Error 2\n"
        "    ```\n"
        "  Next: /ivy retry tries again · /ivy logs shows more\n"
    )


def test_a_reply_is_short_and_wraps_under_itself() -> None:
    reply = Reply(
        Tone.BAD,
        (
            line("There is no option ", Code("--tll"), " here; did you mean ", Code("--ttl"), "?"),
            Log(("/ivy create --tll 48h",)),
            Items((line("one"),)),
        ),
        to=DANA[Platform.CONSOLE],
        code="unknown_option",
    )
    assert draw(reply, 40, colour=False) == (
        "✗ dana: There is no option --tll here;\n  did you mean --ttl?\n    /ivy create --tll 48h\n  - one\n  reason: unknown_option\n"
    )


def test_a_table_is_aligned() -> None:
    table = Table(("name", "state"), ((line("demo"), line("ready")), (line("feature-x"), line("failed"))))
    assert draw(Reply(Tone.NEUTRAL, (line("Two:"), table)), 40, colour=False) == (
        "• Two:\n  name        state\n  ──────────────────\n  demo        ready\n  feature-x   failed\n"
    )


def test_colour_changes_nothing_but_the_colour() -> None:
    card = running_card(DANA[Platform.CONSOLE])
    coloured = draw(card, 80, colour=True)
    assert "\x1b[36m" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [row.rstrip() for row in plain.split("\n")] == draw(card, 80, colour=False).split("\n")


@given(message=messages, width=st.integers(20, 120))
def test_no_control_code_comes_out_of_user_text(message: Reply | Card, width: int) -> None:
    plain = draw(message, width, colour=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", plain)
    coloured = draw(message, width, colour=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;]*m", "", coloured))

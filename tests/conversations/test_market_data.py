"""What an environment heard, lost and replayed: said in chat, on its page and in the API alike; unknown is said as unknown."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from bot.domain.continuity import Arrived, Certificate, How, Instrument, Loss, Replay, Stretch
from bot.domain.environment import Environment
from tests.api import Api, here
from tests.browser import signed_in
from tests.conversations.talk import Talk, words
from tests.conversations.test_trading import write
from tests.world import World

HEAD = """
✅ **demo-vn4gah** is ready.

<http://demo-vn4gah.localhost:8780>

- branch `demo` of shop, at `782938f1`
- owned by dana, size small
- goes 2026-12-02 12:00 UTC
"""


async def an_hour_long(shop: Talk, **more: object) -> Environment:
    """One that trades, with a certificate of its first hour: three minutes of it lost, one minute of which nobody knows."""
    write(shop)
    made = await shop.makes()
    begun = made.created_at
    stretches = (
        Stretch(How.SEEN, begun - 600, begun + 1200),
        Stretch(How.LOST, begun + 1200, begun + 1380),
        Stretch(How.SEEN, begun + 1440, begun + 3600),
    )
    losses = (Loss(begun - 60, "trade", "takeover", "1", "2"), Loss(begun + 1300, "trade", "sequence", "105", "109"))
    heard = Instrument("binance.spot.BTCUSDT", True, stretches, losses, 2, 90_000, 12.3, 4.6, arrived=Arrived(89_000, 12, 1))
    shop.world.market.certificates[made.id] = Certificate(begun + 3600, True, has_answered=True, instruments=(heard,), **more)  # type: ignore[arg-type]
    return made


async def test_status_tells_what_was_seen_what_lost_and_what_nobody_knows(shop: Talk) -> None:
    await an_hour_long(shop)
    assert await shop.answer("/ivy status") == words(
        f"""
        {HEAD.strip()}
        - `binance.spot.BTCUSDT`: heard, 12.3 events a second, 4.6 ms on their way at most; 56 min seen, 3 min lost, 1 min not known; the last gap 2026-11-30 12:21 UTC, trade 105 to 109: the exchange's own numbers jumped; the strategy missed 12 of 89,012
        - API key: nobody has seen it; it is shown once, on its page in the dashboard
        """.replace("\n        ", "\n")
    )


async def test_status_tells_how_far_a_replay_is(shop: Talk) -> None:
    begun = shop.world.clock.at
    made = await an_hour_long(shop, replay=Replay(begun - 7200, begun - 3600, begun - 5400, 1234, 1, is_over=False, arrived=Arrived(1200)))
    told = await shop.answer("/ivy status")
    assert (
        "- replay of 2026-11-30 10:00 UTC to 2026-11-30 11:00 UTC: told until 2026-11-30 10:30 UTC; 1,234 events, 1 gap; all 1,200 arrived"
        in told
    )
    del made


async def test_feeds_that_are_away_are_unknown_and_never_nothing_lost(shop: Talk) -> None:
    made = await an_hour_long(shop)
    shop.world.market.is_down = True
    why = "not known now, for NATS does not answer at nats://127.0.0.1:4222: it took too long"
    assert why in (await shop.answer("/ivy status")).replace("\u200b", "")
    async with signed_in(shop.world, "dana") as web:
        page = (await web.get(f"/environments/{made.slug}")).text
    assert "It is not known now, for NATS does not answer" in page
    assert "<svg" not in page
    answer = await api(shop.world).ask("GET", f"/environments/{made.slug}/feed")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_one_that_hears_nothing_says_so_and_another_says_nothing_of_it(shop: Talk) -> None:
    write(shop)
    made = await shop.makes()
    shop.world.market.hearing.clear()
    assert "- market data: it hears none now" in await shop.answer("/ivy status")
    await shop.says("/ivy terminate")
    assert "market data" not in await shop.answer(f"/ivy status {made.slug}")
    shop.world.repositories.files.clear()
    made = await shop.makes()
    assert "market data" not in await shop.answer("/ivy status")
    answer = await api(shop.world).ask("GET", f"/environments/{made.slug}/feed")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_feed")


async def test_the_page_draws_a_strip_of_each_instrument_and_names_what_was_lost_and_the_api_says_the_same(shop: Talk) -> None:
    made = await an_hour_long(shop)
    async with signed_in(shop.world, "dana") as web:
        page = (await web.get(f"/environments/{made.slug}")).text
    panel = page[page.index('<section class="panel" id="feed"') :]
    panel = panel[: panel.index("</section>") + len("</section>")]
    drawn = ET.fromstring(panel[panel.index("<svg") : panel.index("</svg>") + 6])
    assert drawn.attrib["aria-label"] == "binance.spot.BTCUSDT: 56 min seen, 3 min lost, 1 min not known"
    assert sorted(each.attrib["class"] for each in drawn) == ["lost", "seen", "seen", "unknown"]
    assert "lost for 3 min from 12:20:00 UTC" in panel
    assert "1 gap named" in panel
    assert "trade 105 to 109" in panel
    assert "the strategy missed 12 of 89,012" in panel
    said = await api(shop.world).gets(f"/environments/{made.slug}/feed")
    [told] = said["instruments"]
    assert (said["is_let_in"], said["has_answered"], said["replay"]) == (True, True, None)
    assert [each["how"] for each in told["stretches"]] == ["seen", "lost", "unknown", "seen"]
    assert told["losses"] == [{"at": told["losses"][0]["at"], "stream": "trade", "reason": "sequence", "first": "105", "last": "109"}]
    assert told["arrived"] == {"seen": 89_000, "lost": 12, "repeated": 1}


async def test_what_an_exchange_says_is_text_and_nothing_else(shop: Talk) -> None:
    made = await an_hour_long(shop)
    evil = Instrument("binance.spot.BTCUSDT", False, refused="<script>alert(1)</script> @ada")
    shop.world.market.certificates[made.id] = Certificate(made.created_at + 1, True, instruments=(evil,))
    async with signed_in(shop.world, "dana") as web:
        assert "<script>alert" not in (await web.get(f"/environments/{made.slug}")).text
    told = await shop.answer("/ivy status")
    assert "<script>" not in told
    assert "the strategy does not say what of it arrived" in told


def api(world: World) -> Api:
    return Api(world, here(world, "dana"))

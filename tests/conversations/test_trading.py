"""A trading environment is asked for as any other; what its file may not say is refused with the place and the nearest right thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.environment import State
from tests.conversations.talk import Talk, words
from tests.world import a_world

FILE = """\
version: 1
exchanges:
  - {name: binance, type: spot, sandbox: true, instruments: [BTC/USDT]}
market_data: {mode: live}
risk_config: {max_position_usd: 10000, max_drawdown_pct: 5, max_order_rate: 10}
strategy: {binary: bin/strategy, config: momentum.toml}
"""


def write(talk: Talk, content: str = FILE) -> None:
    talk.world.repositories.files[talk.on.sha] = {".dev-env.yaml": content.encode()}


async def test_config_shows_what_the_strategy_trades_hears_and_may_and_that_it_lives_two_days(shop: Talk) -> None:
    write(shop)
    assert await shop.answer("/ivy config") == words(
        """
        `demo` at `782938f1` is made of this:

        | what | value | from |
        | --- | --- | --- |
        | strategy | `./bin/strategy momentum.toml` · variables `TRADING` | .dev-env.yaml |
        | exchange | binance spot, sandbox: BTCUSDT | .dev-env.yaml:2 |
        | market data | live | .dev-env.yaml:4 |
        | at most | positions of USD 10,000, drawdown of 5 %, 10 orders a second | .dev-env.yaml:5 |
        | size | small | default |
        | lives | 48 h | .dev-env.yaml |
        | price | none is configured | setting prices.small |
        | ready after | not known yet | too few runs here |
        """
    )


async def test_what_the_exchange_does_not_list_is_refused_as_soon_as_the_feeds_know_what_it_lists(shop: Talk) -> None:
    shop.world.market.instruments_listed = {("binance", "spot"): frozenset({"ETHUSDT"})}
    write(shop)
    [looked] = await shop.says("/ivy config")
    assert '.dev-env.yaml:3:62: binance spot has no "BTC/USDT". Try: ETHUSDT' in looked
    _, made = await shop.says("/ivy create")
    assert '.dev-env.yaml:3:62: binance spot has no "BTC/USDT". Try: ETHUSDT' in made
    assert made.endswith("<sub>reason: `unknown_instrument`</sub>")
    assert shop.world.market.hearing == {}


async def test_while_the_feeds_are_down_what_looks_like_an_instrument_will_do(shop: Talk) -> None:
    shop.world.market.is_down = True
    write(shop)
    [answer] = await shop.says("/ivy create --dry-run")
    assert "BTCUSDT" in answer
    write(shop, FILE.replace("BTC/USDT", "FOOBAR"))
    [answer] = await shop.says("/ivy create --dry-run")
    assert '.dev-env.yaml:3:62: no exchange has "FOOBAR"' in answer


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "sandbox: true",
            "sandbox: false",
            "3:42: an environment never reaches an exchange's production, whoever asks: sandbox is true. Try: sandbox: true",
        ),
        ("binance", "binanse", '3:12: there is no exchange "binanse": there is binance, bybit. Try: binance'),
        ("BTC/USDT", "'BTC//USDT'", '3:62: "BTC//USDT" is no instrument. Try: BTC/USDT'),
        (
            "mode: live",
            "mode: replay, replay_start: 2020-01-01, replay_end: 2020-01-02",
            "4:43: there is no data of that time: the recording goes back 72 hours. Try: replay_start: 20",
        ),
        ("max_drawdown_pct: 5", "max_drawdown_pct: 25", '5:58: "max_drawdown_pct" is 20 at most. Try: max_drawdown_pct: 20'),
        ("strategy: {", "ttl_hours: 97\nstrategy: {", '6:12: "ttl_hours" is 96 at most. Try: ttl_hours: 96'),
    ],
)
async def test_what_it_may_not_say_is_refused_whoever_asks(shop: Talk, right: str, wrong: str, told: str) -> None:
    write(shop, FILE.replace(right, wrong))
    for asking in ("/ivy config", "/ivy create --dry-run"):
        [answer] = await shop.says(asking)
        assert "❌ @dana `.dev-env.yaml` cannot be used: one thing to mend. Push that, and say it again." in answer
        assert f".dev-env.yaml:{told}" in answer
        assert answer.endswith("<sub>reason: `bad_config`</sub>")
    assert await shop.world.environments() == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "services: {web: {run: ./web --api https://api.binance.com}}\n",
            "the command of web names api.binance.com, an exchange's production",
        ),
        ("services: {web: {run: ./web, env: {BASE: wss://stream.bybit.com}}}\n", "the variable BASE of web names stream.bybit.com"),
        ("services: {web: {run: ./web, build: curl API.BYTICK.COM}}\n", "the build of web names API.BYTICK.COM"),
    ],
)
async def test_a_service_beside_the_strategy_leads_to_no_production_either(shop: Talk, more: str, told: str) -> None:
    write(shop, FILE + more)
    said = "\n".join(await shop.says("/ivy create")).replace("\N{ZERO WIDTH SPACE}", "")
    environment = await shop.world.environment()
    assert environment.failure is not None
    assert (environment.state, environment.failure.code) == (State.FAILED, "production_host")
    assert told in environment.failure.reason
    assert "a trading environment reaches sandboxes only" in said
    assert shop.world.engine.running == {}
    assert shop.world.market.hearing == {}


async def test_production_fails_an_environment_that_is_made_without_asking_first(shop: Talk) -> None:
    write(shop, FILE.replace("sandbox: true", "sandbox: false"))
    told = "\n".join(await shop.says("/ivy create"))
    environment = await shop.world.environment()
    assert environment.state == State.FAILED
    assert "an environment never reaches an exchange's production, whoever asks" in told
    assert shop.world.engine.running == {}


PAPER = FILE.replace("name: binance", "name: live").replace("sandbox: true, ", "").replace("mode: live", "mode: live, source: production")


async def test_on_paper_it_hears_production_and_has_no_exchange_and_no_key_to_one(tmp_path: Path) -> None:
    sources = {"live": {"exchange": "binance", "sandbox": False}}
    async with a_world(tmp_path, feeds={"sources": sources}) as world:
        dana = world.github.user("dana", id=7, right="write")
        shop = Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))
        write(shop, PAPER)
        shown = await shop.answer("/ivy config")
        assert "| exchange | live spot, on paper: BTCUSDT |" in shown
        assert "| market data | live, of production |" in shown
        made = await shop.makes()
        assert made.state == State.READY
        [spec] = world.engine.running.values()
        assert {name for name, _ in spec.secrets} == {"FEED_URL", "FEED_USER", "FEED_PASSWORD", "TRADING_KEY", "TRELLIS_API"}
        assert all("://" not in value for service in spec.services for _, value in service.env)
        assert world.market.hearing[made.id].instruments == {"live.spot.BTCUSDT"}
        kept = sorted(path.name for path in (world.settings.data_dir / "vault").rglob("*.sealed"))
        assert len(kept) == 2, "its feed's password and the key to its own services, and nothing of /sandbox/"
        write(shop, PAPER.replace("type: spot", "type: spot, sandbox: false"))
        assert "an environment never reaches an exchange's production, whoever asks" in (await shop.says("/ivy config"))[0]

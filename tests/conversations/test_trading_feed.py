"""A trading environment is given its feed by itself, and keeps nothing of it when it goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.domain.environment import State
from bot.domain.ids import new_id
from bot.redaction import KNOWN
from bot.store.tables import metadata
from bot.worker.environments import MOST_TROUBLES
from provisioner.engine import LogLine, Spec
from tests.conversations.talk import Talk
from tests.conversations.test_trading import FILE, write
from tests.fakes.market_feed import FakeMarketFeed
from tests.world import World

SECOND = "c" * 40


def market(talk: Talk) -> FakeMarketFeed:
    return talk.world.market


def spec(talk: Talk) -> Spec:
    [running] = talk.world.engine.running.values()
    return running


def secrets_of(talk: Talk) -> dict[str, str]:
    return dict(spec(talk).secrets)


def kept(talk: Talk) -> list[Path]:
    return [path for path in (talk.world.settings.data_dir / "vault").rglob("*.sealed") if path.is_file()]


async def all_is_tried(talk: Talk) -> None:
    """What is in trouble is tried again as often as it ever is."""
    for _ in range(MOST_TROUBLES):
        await talk.after(hours=1)


def push(talk: Talk, content: str) -> None:
    talk.world.repositories.files[SECOND] = {".dev-env.yaml": content.encode()}


async def test_made_it_is_let_in_and_its_services_know_how(shop: Talk) -> None:
    write(shop)
    environment = await shop.makes()
    assert environment.state == State.READY
    [(name, hearing)] = market(shop).hearing.items()
    assert name == environment.id
    assert hearing.instruments == {"binance.spot.BTCUSDT"}
    given = secrets_of(shop)
    assert given | {"TRADING_KEY": ""} == {
        "FEED_URL": "nats://127.0.0.1:4222",
        "FEED_USER": environment.id,
        "FEED_PASSWORD": hearing.password,
        "TRADING_KEY": "",
        "TRELLIS_API": "http://127.0.0.1:8700/api/v1",
    }
    assert given["TRADING_KEY"] not in {"", hearing.password}
    assert len(kept(shop)) == 2


async def test_where_nats_speaks_tls_its_services_know_who_signs(shop: Talk) -> None:
    market(shop).ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    write(shop)
    await shop.makes()
    assert secrets_of(shop)["FEED_CA"] == market(shop).ca


async def test_another_environment_is_given_nothing(shop: Talk) -> None:
    market(shop).is_down = True
    environment = await shop.makes()
    assert environment.state == State.READY
    assert not environment.is_trading
    assert secrets_of(shop) == {}
    await shop.says("/ivy terminate")
    assert (await shop.world.past(environment.id)).state == State.GONE
    assert kept(shop) == []


async def test_two_environments_share_nothing(shop: Talk) -> None:
    write(shop)
    await shop.says("/ivy create")
    await shop.says("/ivy create --name second")
    one, two = (dict(each.secrets) for each in shop.world.engine.running.values())
    assert all(one[name] != two[name] for name in ("FEED_USER", "FEED_PASSWORD", "TRADING_KEY"))


@pytest.mark.parametrize("end", ["terminate", "expiry"])
async def test_when_it_goes_nothing_of_it_is_left(shop: Talk, end: str) -> None:
    write(shop)
    environment = await shop.makes()
    if end == "terminate":
        await shop.says("/ivy terminate")
    else:
        await shop.after(hours=49)
    assert (await shop.world.past(environment.id)).state == State.GONE
    assert market(shop).hearing == {}
    assert kept(shop) == []
    assert shop.world.engine.running == {}


async def test_paused_it_hears_nothing_and_resumed_it_signs_in_as_before(shop: Talk) -> None:
    write(shop)
    await shop.makes()
    before = secrets_of(shop)
    await shop.says("/ivy pause")
    assert market(shop).hearing == {}
    await shop.says("/ivy resume")
    assert secrets_of(shop) == before
    assert len(market(shop).hearing) == 1


async def test_a_push_that_trades_elsewhere_hears_both_until_it_runs_and_then_its_own(shop: Talk) -> None:
    write(shop)
    environment = await shop.makes()
    before = secrets_of(shop)
    push(shop, FILE.replace("BTC/USDT", "ETH/USDT"))
    shop.hold()
    await shop.pushes(SECOND, settle=False)
    await shop.is_held()
    assert market(shop).hearing[environment.id].instruments == {"binance.spot.BTCUSDT", "binance.spot.ETHUSDT"}
    await shop.goes_on()
    assert market(shop).hearing[environment.id].instruments == {"binance.spot.ETHUSDT"}
    assert secrets_of(shop) == before


async def test_a_push_that_fails_takes_nothing_from_what_goes_on_running(shop: Talk) -> None:
    write(shop)
    environment = await shop.makes()
    push(shop, FILE.replace("BTC/USDT", "ETH/USDT"))
    shop.world.engine.fail_next("strategy exited with code 1")
    await shop.pushes(SECOND)
    assert "binance.spot.BTCUSDT" in market(shop).hearing[environment.id].instruments


async def test_a_push_that_trades_no_more_hears_no_more(shop: Talk) -> None:
    write(shop)
    await shop.makes()
    push(shop, "version: 1\nservices: {web: {run: python3 app.py}}\n")
    await shop.pushes(SECOND)
    assert market(shop).hearing == {}
    assert secrets_of(shop) == {}


async def test_one_that_does_not_come_to_run_hears_nothing(shop: Talk) -> None:
    write(shop)
    shop.world.engine.fail_next("strategy exited with code 1")
    environment = await shop.makes()
    assert environment.state == State.FAILED
    assert market(shop).hearing == {}
    await shop.says("/ivy terminate")
    assert kept(shop) == []


async def test_without_feeds_it_waits_and_then_says_why_and_goes_all_the_same(shop: Talk) -> None:
    write(shop)
    market(shop).is_down = True
    await shop.says("/ivy create")
    assert not (await shop.world.environment()).is_settled
    await all_is_tried(shop)
    environment = await shop.world.environment()
    assert environment.failure is not None
    assert (environment.state, environment.failure.code) == (State.FAILED, "not_equipped")
    assert "NATS does not answer" in shop.card
    await shop.says("/ivy terminate")
    await all_is_tried(shop)
    assert (await shop.world.past(environment.id)).state == State.GONE


async def test_feeds_that_are_away_at_its_end_give_up_what_they_let_in_later(shop: Talk) -> None:
    write(shop)
    environment = await shop.makes()
    market(shop).is_down = True
    await shop.says("/ivy terminate")
    assert shop.world.engine.running == {}
    await all_is_tried(shop)
    assert (await shop.world.past(environment.id)).state == State.GONE
    assert list(market(shop).hearing) == [environment.id]
    market(shop).is_down = False
    stranger = new_id()
    market(shop).others = {"by-hand", stranger}
    assert await shop.world.parts.leftovers.look() == 1
    assert market(shop).hearing == {}
    assert kept(shop) == []
    assert await shop.world.parts.leftovers.look() == 0


async def test_leftovers_are_never_of_what_lives(shop: Talk) -> None:
    write(shop)
    await shop.makes()
    assert await shop.world.parts.leftovers.look() == 0
    assert len(market(shop).hearing) == 1


async def stored_rows(world: World) -> str:
    """All rows there are."""
    async with world.store.database.read() as connection:
        return repr([(await connection.execute(select(table))).all() for table in metadata.sorted_tables])


async def test_no_secret_is_in_what_is_said_stored_or_written(shop: Talk) -> None:
    write(shop)
    environment = await shop.makes()
    given = secrets_of(shop)
    secret = [given["FEED_PASSWORD"], given["TRADING_KEY"]]
    shop.world.engine.log = tuple(LogLine("strategy", f"connecting with {each}") for each in secret)
    for line in ("/ivy logs", "/ivy status", "/ivy config", "/ivy why", "/ivy history"):
        await shop.says(line)
    assert "connecting with •••" in "\n".join(shop.heard)
    told = "\n".join(shop.heard) + await stored_rows(shop.world)
    await shop.world.store.database.close()
    for path in shop.world.settings.data_dir.rglob("*"):
        if path.is_file():
            told += path.read_bytes().decode("latin-1")
    assert environment.id in told
    for each in secret:
        assert each not in told
        assert each not in repr(spec(shop))


async def test_they_are_masked_also_by_who_does_not_know_them(shop: Talk) -> None:
    write(shop)
    await shop.makes()
    given = secrets_of(shop)
    KNOWN.forget()
    for name in ("FEED_PASSWORD", "TRADING_KEY"):
        assert KNOWN.text(f'{{"pass":"{given[name]}"}}') == '{"pass":"•••"}'


async def test_a_worker_that_dies_in_between_gives_the_same_again(shop: Talk) -> None:
    write(shop)
    await shop.begins("/ivy create")
    before = dict(market(shop).hearing)
    await shop.world.worker_dies()
    await shop.goes_on()
    [hearing] = market(shop).hearing.values()
    assert {hearing.password} == {each.password for each in before.values()}
    assert len(kept(shop)) == 2


async def test_the_strategy_has_a_name_though_it_answers_nobody(shop: Talk) -> None:
    write(shop)
    shop.world.engine.log = (LogLine("strategy", "buy 0.001 at 100000"), LogLine("web", "listening"))
    await shop.makes()
    assert (await shop.answer("/ivy logs --service strategy")).splitlines()[-2] == "buy 0.001 at 100000"
    assert "There is no service `nothing` in it; there is strategy." in await shop.answer("/ivy logs --service nothing")

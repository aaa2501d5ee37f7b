"""What a repository may say of a trading environment, and how each refusal names its place and the nearest right thing."""

from __future__ import annotations

import json

import pytest

from bot.domain import devenv
from bot.domain.devenv_choice import choose
from bot.domain.environment import STRATEGY
from bot.domain.instruments import instrument
from bot.domain.service_config import ConfigProblem, DevEnv
from bot.domain.trading import USUAL, Exchange, Market, MarketData, Mode, Offer, Risk, Strategy, Trading
from tests.domain.test_devenv_file import agree

NOW = 1_796_040_000.0  # 2026-11-30T12:00:00Z
BODY = """\
exchanges:
  - {name: binance, type: spot, sandbox: true, instruments: [BTC/USDT, eth-usdt, BTCUSDT]}
  - {name: bybit, type: perpetual, instruments: [BTC/USDT:USDT]}
market_data: {mode: both, replay_start: 2026-11-29, replay_end: 2026-11-29T12:30:00+02:00}
risk_config: {max_position_usd: 10000, max_drawdown_pct: 2.5, max_order_rate: 10}
strategy: {binary: bin/strategy, config: config/momentum.toml}
"""
TOP = f"version: 1\n{BODY}"
UNDER = "version: 1\nenvironment:\n" + "".join(f"  {line}\n" for line in BODY.splitlines())
OFFER = Offer(instruments={"binance": frozenset({"BTCUSDT", "ETHUSDT"})}, risk=Risk(50_000, 10, 20))


def read(text: str, offer: Offer = OFFER) -> DevEnv | tuple[ConfigProblem, ...]:
    return devenv.read(text.encode(), None, offer, NOW)


def problems(text: str) -> list[str]:
    found = read(text)
    assert isinstance(found, tuple), found
    return [f"{each.line}:{each.column} {each.code} → {each.suggestion}" for each in found]


@pytest.mark.parametrize("text", [TOP, UNDER])
def test_a_trading_environment_is_said_at_the_top_or_under_environment(text: str) -> None:
    found = read(text)
    assert isinstance(found, DevEnv)
    assert found.trading == Trading(
        (Exchange("binance", Market.SPOT, ("BTCUSDT", "ETHUSDT")), Exchange("bybit", Market.PERPETUAL, ("BTCUSDT",))),
        Strategy("bin/strategy", "config/momentum.toml"),
        Risk(10_000, 2.5, 10),
        MarketData(Mode.BOTH, 1_795_910_400.0, 1_795_948_200.0),
    )
    assert found.wishes.ttl_s == 48 * 3600
    agree(text)


def test_the_strategy_is_a_service_that_is_told_its_profile() -> None:
    found = read(TOP)
    assert isinstance(found, DevEnv)
    (strategy,) = found.services
    assert (strategy.name, strategy.run, strategy.health, strategy.port) == ("strategy", "./bin/strategy config/momentum.toml", None, None)
    assert json.loads(dict(strategy.env)["TRADING"]) == {
        "exchanges": [
            {
                "name": "binance",
                "type": "spot",
                "sandbox": True,
                "instruments": ["BTCUSDT", "ETHUSDT"],
                "rest_url": "https://testnet.binance.vision",
                "ws_url": "wss://stream.testnet.binance.vision",
            },
            {
                "name": "bybit",
                "type": "perpetual",
                "sandbox": True,
                "instruments": ["BTCUSDT"],
                "rest_url": "https://api-testnet.bybit.com",
                "ws_url": "wss://stream-testnet.bybit.com",
            },
        ],
        "market_data": {"mode": "both", "replay_start": "2026-11-29T00:00:00Z", "replay_end": "2026-11-29T10:30:00Z"},
        "risk_config": {"max_position_usd": 10000, "max_drawdown_pct": 2.5, "max_order_rate": 10},
    }


def test_other_services_stay_and_the_first_of_them_is_the_main_one() -> None:
    found = read(f"{TOP}services: {{dashboard: {{run: ./dashboard}}}}\nttl_hours: 96\n")
    assert isinstance(found, DevEnv)
    assert [(each.name, each.health) for each in found.services] == [("dashboard", "/"), ("strategy", None)]
    assert found.wishes.ttl_s == 96 * 3600


@pytest.mark.parametrize("written", ["false", "False", "FALSE", "no", "Off", "0", "'false'"])
@pytest.mark.parametrize("offer", [OFFER, Offer()])
def test_production_is_refused_however_it_is_written_and_whatever_is_offered(written: str, offer: Offer) -> None:
    text = TOP.replace("sandbox: true", f"sandbox: {written}")
    assert read(text, offer) == (
        ConfigProblem(
            "sandbox_only",
            "an environment never reaches an exchange's production, whoever asks: sandbox is true",
            3,
            42,
            "sandbox: true",
        ),
    )
    agree(text)


def test_what_stands_in_two_places_is_one_mistake_and_not_also_what_is_missing_in_one() -> None:
    assert problems(f"{TOP}environment: {{name: demo}}\n") == ["3:3 said_twice → "]


def test_where_no_list_says_what_there_is_letters_that_changed_places_are_seen() -> None:
    offer = Offer()
    for written, meant in (("BTC/USTD", "BTCUSDT"), ("ETHUDSC", "ETHUSDC")):
        found = read(TOP.replace("[BTC/USDT, eth-usdt, BTCUSDT]", f"[{written}]"), offer)
        assert isinstance(found, tuple)
        assert [(each.code, each.suggestion) for each in found] == [("unknown_instrument", meant)]
    assert isinstance(read(TOP.replace("[BTC/USDT, eth-usdt, BTCUSDT]", "[BTC/TUSD, DUSTUSDT, BTC/EUR]"), offer), DevEnv)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("FOOBAR", ""), ("BTC/USDTT", "BTCUSDT"), ("USDT/BTC", "BTCUSDT"), ("USDC-ETH", "ETHUSDC"), ("BTCUSD7", "BTCUSDT"), ("USDT", "")],
)
def test_where_no_list_says_what_there_is_it_is_quoted_in_what_exchanges_quote_in(written: str, meant: str) -> None:
    text = TOP.replace("[BTC/USDT, eth-usdt, BTCUSDT]", f"[{written}]")
    assert read(text, Offer()) == (ConfigProblem("unknown_instrument", f'no exchange has "{written}"', 3, 62, meant),)
    for right in ("USDT/TRY", "ETH/BTC", "BTCPERP", "1000PEPEUSDT", "USDC/USDT", "SOL/USD1"):
        assert isinstance(read(TOP.replace("[BTC/USDT, eth-usdt, BTCUSDT]", f"[{right}]"), Offer()), DevEnv)


@pytest.mark.parametrize(("written", "meant"), [("BTC/USDTT", "BTCUSDT"), ("USDT/BTC", "BTCUSDT"), ("SOL/USDT", "BTCUSDT"), ("WXYZ", "")])
def test_where_the_exchange_says_what_it_lists_nothing_else_will_do(written: str, meant: str) -> None:
    listed = {("binance", "spot"): frozenset({"BTCUSDT"}), ("binance", "perpetual"): frozenset({"BTCUSDT", "SOLUSDT"})}
    text = TOP.replace("[BTC/USDT, eth-usdt, BTCUSDT]", f"[{written}]")
    found = read(text, Offer(listed=listed))
    assert found == (ConfigProblem("unknown_instrument", f'binance spot has no "{written}"', 3, 62, meant),)
    assert isinstance(read(TOP, Offer(listed=listed, instruments={"binance": frozenset({"BTCUSDT", "ETHUSDT"})})), DevEnv)


@pytest.mark.parametrize("written", ["~", "[]", "{}", "0x0", ""])
def test_a_sandbox_is_true_and_nothing_else(written: str) -> None:
    text = TOP.replace("sandbox: true", f"sandbox: {written}")
    assert [each.split(" →")[0] for each in problems(text)] == ["3:42 wrong_type" if written else "3:33 wrong_type"]
    agree(text)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("name: binance", "name: binanse", ["3:12 unknown_exchange → binance"]),
        ("type: spot", "type: spott", ["3:27 unknown_market → spot"]),
        ("type: spot", "type: futures", ["3:27 unknown_market → perpetual"]),
        ("[BTC/USDT, eth-usdt, BTCUSDT]", "[BTC/USDX]", ["3:62 unknown_instrument → BTCUSDT"]),
        ("[BTC/USDT, eth-usdt, BTCUSDT]", "['BTC USDT']", ["3:62 bad_instrument → BTC/USDT"]),
        ("[BTC/USDT, eth-usdt, BTCUSDT]", "[7]", ["3:62 bad_instrument → BTC/USDT"]),
        ("[BTC/USDT, eth-usdt, BTCUSDT]", "BTC/USDT", ["3:61 wrong_type → instruments: [BTC/USDT]"]),
        ("sandbox: true", "sandbx: true", ["3:33 unknown_key → sandbox"]),
        ("name: bybit, type: perpetual", "name: binance, type: spot", ["4:47 bad_instrument → BTC/USDT", "4:5 said_twice → "]),
        ("mode: both", "mode: live", ["5:41 unread → mode: both", "5:65 unread → mode: both"]),
        ("mode: both", "mode: liv", ["5:21 wrong_type → live"]),
        ("replay_start: 2026-11-29,", "", ["5:14 missing_time → replay_start: 2026-11-30T10:00:00Z"]),
        ("replay_start: 2026-11-29,", "replay_start: yesterday,", ["5:41 bad_date → replay_start: 2026-11-29T08:00:00Z"]),
        ("replay_start: 2026-11-29,", "replay_start: 2026-11-30,", ["5:65 ends_before → "]),
        ("replay_start: 2026-11-29,", "replay_start: 2026-11-01,", ["5:41 no_data → replay_start: 2026-11-27T12:01:00Z"]),
        ("2026-11-29T12:30:00+02:00", "2026-12-01", ["5:65 no_data → replay_end: 2026-11-30T12:00:00Z"]),
        ("max_position_usd: 10000", "max_position_usd: 50001", ["6:33 above_limit → max_position_usd: 50000"]),
        ("max_drawdown_pct: 2.5", "max_drawdown_pct: 10.5", ["6:58 above_limit → max_drawdown_pct: 10"]),
        ("max_order_rate: 10", "max_order_rate: -1", ["6:79 wrong_type → max_order_rate: 20"]),
        ("max_order_rate: 10", "max_order_rate: true", ["6:79 wrong_type → max_order_rate: 20"]),
        ("max_order_rate: 10", "max_order_rate: .inf", ["6:79 wrong_type → max_order_rate: 20"]),
        (", max_order_rate: 10", "", ["6:14 missing_key → max_order_rate: 20"]),
        ("max_order_rate", "max_orders_rate", ["6:63 unknown_key → max_order_rate", "6:14 missing_key → max_order_rate: 20"]),
        ("bin/strategy", "/bin/sh", ["7:20 bad_path → binary: bin/strategy"]),
        ("bin/strategy", "../../bin/sh", ["7:20 bad_path → binary: bin/strategy"]),
        ("bin/strategy", "'x; rm'", ["7:20 bad_path → binary: bin/strategy"]),
        ("bin/strategy", "./", ["7:20 bad_path → binary: bin/strategy"]),
        ("bin/strategy", "bin/.", ["7:20 bad_path → binary: bin/strategy"]),
        ("config/momentum.toml", "--evil", ["7:42 bad_path → config: config/strategy.toml"]),
        ("config/momentum.toml", "$HOME", ["7:42 bad_path → config: config/strategy.toml"]),
        (
            "strategy: {binary: bin/strategy, config: config/momentum.toml}",
            "ttl_hours: 97",
            [
                "1:1 missing_key → strategy: {binary: bin/strategy, config: config/strategy.toml}",
                "7:12 above_limit → ttl_hours: 96",
            ],
        ),
    ],
)
def test_each_fault_is_told_at_its_place_with_the_nearest_right_thing(right: str, wrong: str, told: list[str]) -> None:
    assert right in TOP
    assert problems(TOP.replace(right, wrong)) == told


@pytest.mark.parametrize(
    ("hours", "told"),
    [("0.0001", "below_limit → ttl_hours: 0.25"), ("0", "wrong_type → ttl_hours: 48"), ("48h", "wrong_type → ttl_hours: 48")],
)
def test_how_long_it_lives_is_a_number_that_makes_sense(hours: str, told: str) -> None:
    assert problems(f"{TOP}ttl_hours: {hours}\n") == [f"8:12 {told}"]


def test_production_is_refused_where_its_market_data_is_not_offered_too() -> None:
    text = TOP.replace("sandbox: true", "sandbox: false").replace("mode: both,", "mode: both, source: production,")
    found = read(text, Offer())
    assert isinstance(found, tuple)
    assert [each.code for each in found] == ["sandbox_only", "unknown_exchange"]


def test_the_two_places_cannot_be_mixed() -> None:
    assert problems(f"{UNDER}risk_config: {{max_position_usd: 1, max_drawdown_pct: 1, max_order_rate: 1}}\n") == ["9:14 said_twice → "]


def test_ttl_and_the_strategys_name_are_said_once() -> None:
    text = f"{TOP}ttl: 8h\nservices: {{strategy: {{run: x}}}}\n"
    assert problems(text) == ["9:11 said_twice → ", "8:6 said_twice → ttl_hours: 48"]


def test_an_exchange_whose_instruments_nobody_listed_takes_any() -> None:
    assert isinstance(read(TOP, Offer()), DevEnv)


def test_a_market_that_is_not_offered_is_refused() -> None:
    found = read(TOP, Offer({key: each for key, each in USUAL.sandboxes.items() if key != ("binance", Market.SPOT)}))
    assert isinstance(found, tuple)
    assert [(each.code, each.message) for each in found] == [("unknown_market", 'there is no type "spot": there is perpetual')]


@pytest.mark.parametrize(
    "written",
    [
        "BTC/USDT",
        "btcusdt",
        "BTC-USDT",
        "BTC/USDT:USDT",
        " BTC_USDT ",
        "BTC USDT",
        "",
        "B",
        "*",
        "БТК/USDT",
        "BTC:USDT",
        "binance:BTCUSDT",
        "BTC/USD:BTC",
        "btc/usdt:USDT",
        "ſol/usdt",
    ],
)
def test_files_and_feeds_call_an_instrument_the_same(written: str) -> None:
    from feeds.instruments import NoInstrument, token

    try:
        assert instrument(written) == token(written)
    except NoInstrument:
        assert instrument(written) is None


@pytest.mark.parametrize(
    ("market", "written", "meant"),
    [
        ("spot", "BTC:USDT", "BTC/USDT"),
        ("perpetual", "BTC:USDT", "BTC/USDT"),
        ("spot", "binance:BTCUSDT", "BTCUSDT"),
        ("spot", "BINANCE:btc/usdt", "BTC/USDT"),
        ("spot", "BTC/USDT:USDT", "BTC/USDT"),
        ("spot", "BTC/USDT:BTC", "BTC/USDT"),
        ("perpetual", "BTC/USDT:BTC", "BTC/USDT:USDT"),
        ("perpetual", "BTC/USD:BTC", "BTC/USDT:USDT"),
        ("perpetual", "BTC/USDT:USDT-261225", "BTC/USDT"),
        ("perpetual", "BTCUSDT:USDT", "BTCUSDT"),
        ("spot", "ETH//USDC", "ETH/USDC"),
        ("spot", ":", "BTC/USDT"),
    ],
)
def test_after_a_colon_stands_the_quote_of_a_perpetual_and_nothing_is_thrown_away(market: str, written: str, meant: str) -> None:
    lines = TOP.splitlines()
    text = "\n".join((lines[0], f"exchanges: [{{name: bybit, type: {market}, instruments: ['{written}']}}]", *lines[4:]))
    found = read(text)
    assert isinstance(found, tuple), found
    assert [(each.code, each.suggestion) for each in found] == [("bad_instrument", meant)]
    assert isinstance(read(text.replace(f"'{written}'", meant)), DevEnv)


@pytest.mark.parametrize(("said", "speed"), [("10", 10.0), ("0.5", 0.5), ("0", 0.0), ("1000", 1000.0)])
def test_a_replay_is_told_as_fast_as_is_said(said: str, speed: float) -> None:
    text = TOP.replace("mode: both,", f"mode: both, replay_speed: {said},")
    found = read(text)
    assert isinstance(found, DevEnv)
    assert found.trading is not None
    assert found.trading.market_data.speed == speed
    agree(text)


@pytest.mark.parametrize("said", ["-1", "1001", "fast", "true", ".inf", ".nan"])
def test_a_speed_that_is_none_is_refused(said: str) -> None:
    assert problems(TOP.replace("mode: both,", f"mode: both, replay_speed: {said},")) == ["5:41 wrong_type → replay_speed: 10"]


def test_a_speed_of_nothing_replayed_is_refused() -> None:
    assert problems(TOP.replace(TOP.splitlines()[4], "market_data: {mode: live, replay_speed: 2}")) == ["5:41 unread → mode: both"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("services: {web: {run: x, env: {TRADING: '{}'}}}", "8:32 reserved_name → risk_config"),
        ("services: {web: {run: x, env: {A: b, FEED_URL: x}}}", "8:38 reserved_name → MY_FEED_URL"),
        ("services: {web: {run: x, env: {TRADING_KEY: x}}}", "8:32 reserved_name → MY_TRADING_KEY"),
        ("services: {web: {run: x, env: {TRELLIS_API: x}}}", "8:32 reserved_name → MY_TRELLIS_API"),
        ("services: {web: {run: TRADING=x ./web}}", "8:23 reserved_name → "),
        ("services: {web: {run: [env, TRELLIS_API=x, ./web]}}", "8:29 reserved_name → "),
        ("services: {web: {run: x, build: 'export FEED_URL=x; make'}}", "8:33 reserved_name → "),
        ("profiles: {risky: {env: {TRADING: '{}'}}}", "8:26 reserved_name → risk_config"),
        ("profiles: {risky: {env: {FEED_: x}}}", "8:26 reserved_name → MY_FEED_"),
    ],
)
def test_nobody_says_what_its_services_are_given(more: str, told: str) -> None:
    assert problems(f"{TOP}{more}\n") == [told]
    under = read(f"{UNDER}{more}\n")
    assert isinstance(under, tuple)
    assert [each.code for each in under] == ["reserved_name"]


@pytest.mark.parametrize("name", ["TRADING_DESK", "FEEDS", "MY_TRADING", "TRELLISES"])
def test_other_names_are_free(name: str) -> None:
    env = f"{{run: 'test \"${name}\"=1 --TRADING=x', env: {{{name}: x}}}}"
    assert isinstance(read(f"{TOP}services: {{web: {env}}}\nprofiles: {{fast: {{env: {{{name}: x}}}}}}\n"), DevEnv)


def test_without_a_strategy_they_are_names_like_others() -> None:
    assert isinstance(read("version: 1\nservices: {web: {run: x, env: {TRADING: x, FEED_URL: x}}}\n"), DevEnv)


def test_a_trading_environment_is_all_of_its_services_whatever_is_named() -> None:
    file = read(f"{TOP}services: {{web: {{run: ./web}}, orders: {{run: ./orders}}}}\nprofiles: {{solo: {{services: [web]}}}}\n")
    assert isinstance(file, DevEnv)
    for chosen in (choose(file, profile="solo"), choose(file, services=("web",))):
        assert [each.name for each in chosen.services] == ["web", "orders", STRATEGY]


def test_no_profile_of_the_file_says_how_long_it_lives() -> None:
    assert problems(f"{TOP}profiles: {{long: {{ttl: 90h}}}}\n") == ["8:24 said_twice → ttl_hours: 48"]

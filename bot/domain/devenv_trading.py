"""The profile `trading` of `.dev-env.yaml`, at the top of the file or under `environment:`, with every fault at its place.

exchanges: [{name: binance, type: spot, sandbox: true, instruments: [BTC/USDT]}]
market_data: {mode: both, replay_start: 2026-11-29T08:00:00Z, replay_end: 2026-11-29T10:00:00Z}
risk_config: {max_position_usd: 10000, max_drawdown_pct: 5, max_order_rate: 10}
strategy: {binary: bin/strategy, config: config/strategy.toml}
ttl_hours: 48
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite

from bot.domain import devenv_file as file
from bot.domain.devenv_instruments import instruments_of
from bot.domain.devenv_nodes import at, fields_of, nearest, shown_of, text_of
from bot.domain.environment import STRATEGY
from bot.domain.service_config import Problems, ServiceConfig, check_name
from bot.domain.trading import (
    LEAST_TTL_HOURS,
    MOST_TTL_HOURS,
    TTL_HOURS,
    Exchange,
    Heard,
    Market,
    MarketData,
    Mode,
    Offer,
    Risk,
    Strategy,
    Trading,
    iso,
)
from bot.domain.wall import TOLD_IN
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence

KEYS = file.keys_of(file.Trading)
MOST_EXCHANGES, MOST_SPEED = 10, 1000
_ONE = "{name: binance, type: spot, instruments: [BTC/USDT]}"
_EXCHANGE = f"exchanges: [{_ONE}]"
_RISK = "risk_config: {max_position_usd: 10000, max_drawdown_pct: 5, max_order_rate: 10}"
_STRATEGY = "strategy: {binary: bin/strategy, config: config/strategy.toml}"
_REPLAY = {"replay_start": "2026-11-29T08:00:00Z", "replay_end": "2026-11-29T10:00:00Z"}
_HOUR_S = 3600.0
_PATH = re.compile(r"(?![/-])(?!.*(?:^|/)\.\.(?:/|$))(?!.*(?:^|/)\.?$)[A-Za-z0-9._/-]{1,200}")


def is_trading(fields: dict[str, Node]) -> bool:
    return "environment" in fields or any(key in fields for key in KEYS)


def trading_of(fields: dict[str, Node], problems: Problems, offer: Offer, now: float | None) -> Trading | None:
    """None where something is wrong."""
    before = len(problems.found)
    above = {key: fields[key] for key in KEYS if key in fields}
    if "environment" in fields:
        if above:
            where = at(next(iter(above.values())))
            problems.add(where, "said_twice", f'"{next(iter(above))}" stands both at the top and under "environment": say it in one place')
            return None  # half of it would be found missing
        inside = fields_of(fields["environment"], '"environment"', KEYS, problems, f"environment: {{{_EXCHANGE}}}")
        above = inside or {}
    for key, better in (("exchanges", _EXCHANGE), ("risk_config", _RISK), ("strategy", _STRATEGY)):
        if key not in above:
            where = at(fields["environment"]) if "environment" in fields else (1, 1)
            problems.add(where, "missing_key", f'a trading environment does not say its "{key}"', better)
    reading = _Reading(problems, offer, _source_of(above.get("market_data")))
    found = Trading(
        exchanges=reading.exchanges(above["exchanges"]) if "exchanges" in above else (),
        strategy=reading.strategy(above["strategy"]) if "strategy" in above else Strategy(""),
        risk=reading.risk(above["risk_config"]) if "risk_config" in above else offer.risk,
        market_data=reading.market_data(above["market_data"], now) if "market_data" in above else MarketData(),
        name=reading.name(above["name"]) if "name" in above else "",
        ttl_hours=reading.ttl_hours(above["ttl_hours"]) if "ttl_hours" in above else TTL_HOURS,
    )
    return found if len(problems.found) == before else None


def service_of(trading: Trading, offer: Offer) -> ServiceConfig:
    """The strategy as a service: its configuration is its only argument, the profile is in $TRADING."""
    words = (f"./{trading.strategy.binary.removeprefix('./')}", trading.strategy.config)
    return ServiceConfig(STRATEGY, " ".join(filter(None, words)), env=((TOLD_IN, trading.as_json(offer.sandboxes)),))


def _source_of(node: Node | None) -> Node | None:
    return next((value for key, value in node.entries if key.text == "source"), None) if isinstance(node, Mapping) else None


class _Reading:
    def __init__(self, problems: Problems, offer: Offer, said: Node | None) -> None:
        """`said` is the "source" of "market_data"; a wrong word is told where the rest of that is read."""
        self._problems, self._offer = problems, offer
        self._source_at = at(said) if said else None
        self._source = Heard.PRODUCTION if said and text_of(said) == Heard.PRODUCTION else Heard.SANDBOX
        self._exchanges = offer.exchanges_of(self._source)

    def name(self, node: Node) -> str:
        text = text_of(node)
        check_name(text, at(node), self._problems, "an environment")
        return text

    def ttl_hours(self, node: Node) -> float:
        hours = self._number(node, "ttl_hours", MOST_TTL_HOURS, TTL_HOURS)
        if hours is not None and hours < LEAST_TTL_HOURS:
            message = f'"ttl_hours" is {LEAST_TTL_HOURS:g} at least'
            self._problems.add(at(node), "below_limit", message, f"ttl_hours: {LEAST_TTL_HOURS:g}")
        return TTL_HOURS if hours is None else hours

    def exchanges(self, node: Node) -> tuple[Exchange, ...]:
        if not isinstance(node, Sequence) or not node.items:
            self._problems.add(at(node), "wrong_type", '"exchanges" is a list of exchanges', _EXCHANGE)
            return ()
        if not self._exchanges:
            self._sandboxes_of(node)
            what = "market data of production" if self._source is Heard.PRODUCTION else "sandboxes"
            message = f"no {what} are offered here: that is the operator's to say (feeds.sources)"
            self._problems.add(self._source_at or at(node), "unknown_exchange", message)
            return ()
        if len(node.items) > MOST_EXCHANGES:
            self._problems.add(at(node.items[MOST_EXCHANGES]), "too_many", f"there are too many exchanges: {MOST_EXCHANGES} at most")
            return ()
        found: list[Exchange] = []
        for item in node.items:
            if (exchange := self._exchange(item)) is None:
                continue
            if any((exchange.name, exchange.market) == (each.name, each.market) for each in found):
                self._problems.add(
                    at(item), "said_twice", f"{exchange.name} {exchange.market} is there already: put its instruments together"
                )
            found.append(exchange)
        return tuple(found)

    def _exchange(self, node: Node) -> Exchange | None:
        fields = fields_of(
            node, "an exchange", file.keys_of(file.Exchange), self._problems, "{name: binance, type: spot, instruments: [BTC/USDT]}"
        )
        if fields is None:
            return None
        for key, better in (("name", "name: binance"), ("type", "type: spot"), ("instruments", "instruments: [BTC/USDT]")):
            if key not in fields:
                self._problems.add(at(node), "missing_key", f'an exchange does not say its "{key}"', better)
        if "sandbox" in fields:
            self._sandbox(fields["sandbox"])
        if not {"name", "type", "instruments"} <= fields.keys():
            return None
        name = self._one_of(fields["name"], tuple(self._exchanges), "exchange", "unknown_exchange")
        markets = tuple(sorted(self._exchanges.get(name, Market)))
        market = self._one_of(fields["type"], markets, "type", "unknown_market")
        instruments = instruments_of(fields["instruments"], (name, market), self._offer, self._problems)
        return Exchange(name, Market(market), instruments) if name and market else None

    def _sandboxes_of(self, items: Sequence) -> None:
        """Where nothing else of the exchanges can be judged: what is never so is said all the same."""
        for item in items.items:
            for key, value in item.entries if isinstance(item, Mapping) else ():
                if key.text == "sandbox" and _is_false(value):
                    self._sandbox(value)

    def _sandbox(self, node: Node) -> None:
        value = node.value if isinstance(node, Scalar) else None
        if _is_false(node):
            message = "an environment never reaches an exchange's production, whoever asks: sandbox is true"
            self._problems.add(at(node), "sandbox_only", message, "sandbox: true")
        elif value is not True:
            self._problems.add(at(node), "wrong_type", '"sandbox" is true', "sandbox: true")
        elif self._source is Heard.PRODUCTION:
            message = "what hears production trades on paper, in no sandbox: leave it out"
            self._problems.add(at(node), "no_sandbox", message, "source: sandbox")

    def market_data(self, node: Node, now: float | None) -> MarketData:
        fields = fields_of(node, '"market_data"', file.keys_of(file.MarketData), self._problems, "market_data: {mode: live}")
        if fields is None:
            return MarketData()
        if "source" in fields:
            self._one_of(fields["source"], tuple(Heard), "source", "wrong_type")
        said = self._one_of(fields["mode"], tuple(Mode), "mode", "wrong_type") if "mode" in fields else Mode.LIVE
        if not said:
            return MarketData()
        mode = Mode(said)
        times = [self._moment(fields[key], key) if key in fields else None for key in ("replay_start", "replay_end")]
        if mode is Mode.LIVE:
            for key in [each for each in ("replay_start", "replay_end", "replay_speed") if each in fields]:
                self._problems.add(at(fields[key]), "unread", f'"{key}" is of a replay, and the mode is live', "mode: both")
            return MarketData(source=self._source)
        for key in ("replay_start", "replay_end"):
            if key not in fields:
                self._problems.add(at(node), "missing_time", f'a replay does not say its "{key}"', f"{key}: {_example(key, now)}")
        start, end = times
        if start is not None and end is not None:
            self._range(fields, start, end, now)
        return MarketData(mode, start, end, self._source, self._speed(fields["replay_speed"]) if "replay_speed" in fields else 1.0)

    def _speed(self, node: Node) -> float:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_SPEED:
            message = f'"replay_speed" is a number up to {MOST_SPEED}; 0 is as fast as it goes'
            self._problems.add(at(node), "wrong_type", message, "replay_speed: 10")
            return 1.0
        return float(value)

    def _range(self, fields: dict[str, Node], start: float, end: float, now: float | None) -> None:
        if start >= end:
            self._problems.add(at(fields["replay_end"]), "ends_before", "the replay ends before it begins")
        elif now is not None and start < now - self._offer.recorded_s:
            first = _minute(now - self._offer.recorded_s + 60)
            hours = f"{self._offer.recorded_s / 3600:g}"
            message = f"there is no data of that time: the recording goes back {hours} hours"
            self._problems.add(at(fields["replay_start"]), "no_data", message, f"replay_start: {first}")
        elif now is not None and end > now:
            message = "there is no data of that time yet: a replay ends before now"
            self._problems.add(at(fields["replay_end"]), "no_data", message, f"replay_end: {_minute(now)}")

    def _moment(self, node: Node, key: str) -> float | None:
        try:
            moment = datetime.fromisoformat(text_of(node))
        except ValueError:
            self._problems.add(at(node), "bad_date", f'"{key}" is a date, or a date and a time', f"{key}: {_REPLAY[key]}")
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    def risk(self, node: Node) -> Risk:
        keys, most = file.keys_of(file.RiskConfig), self._offer.risk
        fields = fields_of(node, '"risk_config"', keys, self._problems, _RISK)
        if fields is None:
            return most
        values: dict[str, float] = {}
        for key in keys:
            if key not in fields:
                self._problems.add(at(node), "missing_key", f'"risk_config" does not say "{key}"', f"{key}: {getattr(most, key):.15g}")
            else:
                values[key] = self._number(fields[key], key, getattr(most, key)) or 0.0
        return Risk(**{key: values.get(key, 0.0) for key in keys})

    def _number(self, node: Node, key: str, most: float, usual: float | None = None) -> float | None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            self._problems.add(at(node), "wrong_type", f'"{key}" is a number above zero', f"{key}: {usual or most:.15g}")
            return None
        if value > most:
            self._problems.add(at(node), "above_limit", f'"{key}" is {most:.15g} at most', f"{key}: {most:.15g}")
        return float(value)

    def strategy(self, node: Node) -> Strategy:
        fields = fields_of(node, '"strategy"', file.keys_of(file.Strategy), self._problems, _STRATEGY)
        if fields is None:
            return Strategy("")
        if "binary" not in fields:
            self._problems.add(at(node), "missing_key", '"strategy" does not say its "binary"', "binary: bin/strategy")
        for key, better in (("binary", "bin/strategy"), ("config", "config/strategy.toml")):
            if key in fields and not _PATH.fullmatch(text_of(fields[key])):
                message = f'"{key}" is a path in the repository: letters, digits, . _ - and /, no .. in it'
                self._problems.add(at(fields[key]), "bad_path", message, f"{key}: {better}")
        return Strategy(*(text_of(fields[key]) if key in fields else "" for key in ("binary", "config")))

    def _one_of(self, node: Node, known: tuple[str, ...], what: str, code: str) -> str:
        """The word, or "" where it is none of those."""
        text = text_of(node)
        if text in known:
            return text
        self._problems.add(at(node), code, f'there is no {what} "{shown_of(node)}": there is {", ".join(known)}', nearest(text, known))
        return ""


def _is_false(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.value is False or node.text.lower() in {"false", "no", "off", "0"})


def _example(key: str, now: float | None) -> str:
    """A time of which there is data."""
    return _REPLAY[key] if now is None else _minute(now - (2 * _HOUR_S if key == "replay_start" else _HOUR_S))


def _minute(seconds: float) -> str:
    return iso(seconds // 60 * 60)

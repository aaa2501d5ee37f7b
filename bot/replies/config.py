"""What an environment is, or would be, made of; where each value is from; price and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.cost import Prices
from bot.domain.datasets import Dataset
from bot.domain.environment import Environment, Size
from bot.domain.prose import Block, Code, Line, Reply, Span, Strong, Table, Text, Tone, line
from bot.domain.service_config import ServiceConfig
from bot.domain.trading import Trading
from bot.domain.trading import iso as moment
from bot.replies.common import commit, hours, place, say
from bot.replies.differing import Difference, listed


@dataclass(frozen=True)
class Row:
    """A value of the effective configuration. `whence`: `.dev-env.yaml:4`, `asked for`, `default` or the name of a setting."""

    name: str
    value: Line
    whence: str


@dataclass(frozen=True)
class Effective:
    """All that is known before anything is made. `ready_s`: what making took before, from so many runs."""

    branch: str
    sha: str
    rows: tuple[Row, ...]
    ready_s: float | None
    runs: int


def service_row(service: ServiceConfig, whence: str) -> Row:
    spans: list[Span] = [Code(service.run)]
    if service.port is not None:
        spans.append(Text(f" · port {service.port}"))
    if service.health is not None:
        spans += [Text(" · healthy when "), Code(service.health), Text(" answers")]
    if service.build:
        spans += [Text(" · built by "), Code(" ".join(service.build.split()))]
    if service.env:
        spans += [Text(" · variables "), Code(", ".join(name for name, _ in service.env))]
    return Row(service.name, line(*spans), whence)


def trading_rows(trading: Trading, whence: Callable[[str], str]) -> list[Row]:
    """`whence` says where a key of the profile stands."""
    how = "on paper" if trading.is_on_paper else "sandbox"
    exchanges = [f"{each.name} {each.market}, {how}: {', '.join(each.instruments)}" for each in trading.exchanges]
    data, risk = trading.market_data, trading.risk
    of = ", of production" if trading.is_on_paper else ""
    times = f", replayed from {moment(data.start)} to {moment(data.end)}" if data.start is not None and data.end is not None else ""
    if times and data.speed != 1:
        times += f", {data.speed:g} times as fast" if data.speed else ", as fast as it goes"
    most = (
        f"positions of USD {risk.max_position_usd:,.15g}, drawdown of {risk.max_drawdown_pct:g} %, {risk.max_order_rate:g} orders a second"
    )
    return [
        *(Row("exchange", line(each), whence("exchanges")) for each in exchanges),
        Row("market data", line(f"{data.mode}{times}{of}"), whence("market_data")),
        Row("at most", line(most), whence("risk_config")),
    ]


def seed_rows(asked: str, offered: Mapping[str, Dataset]) -> list[Row]:
    """Nothing where there is nothing to choose from."""
    if asked:
        return [Row("data", line(*_described(offered[asked])), "asked for")] if asked in offered else []
    names = ", ".join(offered)
    return [Row("data", line(f"none; there is {names}"), "default")] if names else []


def _described(dataset: Dataset) -> list[Span]:
    return [Code(dataset.name), *([Text(f": {dataset.description}")] if dataset.description else [])]


def size_row(size: Size, whence: str) -> Row:
    return Row("size", line(size.value), whence)


def place_rows(engine: str, whence: str) -> list[Row]:
    """Nothing where it is the machine of Trellis, and nobody expects another."""
    return [Row("runs on", line(where), whence)] if (where := place(engine)) else []


def price_row(prices: Prices, size: Size, engine: str, gigabytes: int) -> Row:
    """`gigabytes`: of the disk of data that was asked for."""
    whence = prices.source_of(engine) or f"setting prices.{size}"
    an_hour = prices.of(size, 3600, engine) + prices.of_disk(gigabytes * 3600, engine)
    return Row("price", line(f"{prices.shown(an_hour)} per hour" if an_hour else "none is configured"), whence)


def effective(found: Effective) -> Reply:
    head = (Code(found.branch), " at ", commit(found.sha), " is made of this:")
    return say(Tone.NEUTRAL, *head, more=_table(found))


def would_make(slug: str, found: Effective, *, left: int, total_price: str) -> Reply:
    head = (Text("Nothing was made. It would be "), Strong(slug), Text(": "), Code(found.branch), Text(" at "), commit(found.sha))
    many = "one environment more" if left == 1 else f"{left} environments more"
    room = line(f"There is room for {many}." + (f" Its whole time would cost {total_price}." if total_price else ""))
    return say(Tone.NEUTRAL, *head, more=(*_table(found), room))


def differs_only(environment: Environment, differences: Sequence[Difference]) -> Reply:
    what = listed(differences)
    words = f" is there already, and differs in: {what}." if differences else " is there already, as it would be."
    return say(Tone.NEUTRAL, "Nothing was made: ", Strong(environment.slug), words, code="exists")


def _table(found: Effective) -> tuple[Block, ...]:
    rows = [*found.rows, _ready(found)]
    return (Table(("what", "value", "from"), tuple((line(row.name), row.value, line(row.whence)) for row in rows)),)


def _ready(found: Effective) -> Row:
    if found.ready_s is None:
        return Row("ready after", line("not known yet"), "too few runs here")
    minutes = round(found.ready_s / 60)
    words = "less than a minute" if found.ready_s < 45 else f"about {max(1, minutes)} min"
    return Row("ready after", line(words), f"the last {found.runs} runs here")


def lives(ttl_s: float, whence: str) -> Row:
    return Row("lives", line(hours(ttl_s)), whence)

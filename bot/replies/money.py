"""The past and the money."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.cost import Prices, ahead, ahead_paused, running_s, spent
from bot.domain.environment import Environment
from bot.domain.prose import Line, Reply, Strong, Table, Tone, line
from bot.replies.common import hours, moment, say

_MINUTE_S = 60.0


def history(past: Sequence[Environment], prices: Prices, now: float) -> Reply:
    rows = tuple(_row(each, prices, now) for each in past)
    many = "One environment" if len(rows) == 1 else f"{len(rows)} environments"
    first = past[0]
    head = (f"{many} of {first.branch} in {first.project}:",)
    return say(Tone.NEUTRAL, *head, more=(Table(("environment", "made", "owner", "ran", "cost", "now"), rows),))


def _row(environment: Environment, prices: Prices, now: float) -> tuple[Line, ...]:
    how = f"gone: {environment.gone_reason}" if environment.gone_at is not None else environment.state.value
    return (
        line(Strong(environment.slug)),
        line(moment(environment.created_at)),
        line(environment.owner.name),
        line(hours(running_s(environment, now))),
        line("not set" if prices.is_free else prices.shown(spent(environment, prices, now))),
        line(how),
    )


def whence(prices: Prices, engine: str | None = None) -> tuple[Line, ...]:
    """How old the prices are, where that is known: all of them, or those of what one engine makes."""
    source = prices.source if engine is None else prices.source_of(engine)
    return (line(f"Reckoned by {source}."),) if source else ()


def of_one(environment: Environment, prices: Prices, now: float) -> Reply:
    an_hour = ahead(environment, prices, 3600)
    ran = hours(running_s(environment, now))
    if prices.is_free:
        return say(Tone.NEUTRAL, "No prices are set here, so nothing is reckoned. ", Strong(environment.slug), f" ran {ran}.")
    at = ", now at" if sum(environment.earlier_s.values()) >= _MINUTE_S else " at"
    head = (
        Strong(environment.slug),
        f" has cost {prices.shown(spent(environment, prices, now))}: {ran}{at} {prices.shown(an_hour)} an hour ",
    )
    size = f"({environment.size})."
    if environment.gone_at is not None or not environment.is_wanted:
        return say(Tone.NEUTRAL, *head, size, more=whence(prices, environment.engine))
    if environment.paused_at is not None:
        costs = line(f"It costs {while_paused(prices, environment)}.")
        return say(Tone.NEUTRAL, *head, size, more=(costs, *whence(prices, environment.engine)))
    until = prices.shown(ahead(environment, prices, environment.expires_at - now))
    rest = line("Until it goes, ", moment(environment.expires_at), f", another {until}.")
    return say(Tone.NEUTRAL, *head, size, more=(rest, *whence(prices, environment.engine)))


def while_paused(prices: Prices, environment: Environment) -> str:
    an_hour = ahead_paused(environment, prices, 3600)
    return f"{prices.shown(an_hour)} an hour while it is paused, for its disk" if an_hour else "nothing while it is paused"


def of_several(environments: Sequence[Environment], prices: Prices, now: float) -> Reply:
    if not environments:
        return say(Tone.NEUTRAL, "You own no environment, and so nothing is spent.")
    if prices.is_free:
        return say(Tone.NEUTRAL, "No prices are set here, so nothing is reckoned.")
    rows = tuple(
        (line(Strong(each.slug)), line(hours(running_s(each, now))), line(prices.shown(spent(each, prices, now)))) for each in environments
    )
    total = prices.shown(sum(spent(each, prices, now) for each in environments))
    return say(Tone.NEUTRAL, f"{total} so far for what you own:", more=(Table(("environment", "ran", "cost"), rows), *whence(prices)))

"""What a trading environment heard, as the API says it: its certificate of continuity."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bot.domain.continuity import Arrived, Certificate, How, Instrument, NotKnown, Replay
from bot.web.api.caller import Reader
from bot.web.api.environments import environment_of
from bot.web.api.parts import Parts
from bot.web.api.shapes import at
from bot.web.problem import Problem


class StretchShape(BaseModel):
    """`unknown`: nobody listened, or nobody remembers."""

    how: How
    since: datetime
    until: datetime


class LossShape(BaseModel):
    """Ids or numbers `first` to `last` of a stream (`trade`, `depth`, `quote`) that never came; "" where they cannot be told."""

    at: datetime
    stream: str
    reason: str
    first: str
    last: str


class ArrivedShape(BaseModel):
    """By the strategy's own count: events that came, that never did, that came again and were left out."""

    seen: int
    lost: int
    repeated: int


class InstrumentShape(BaseModel):
    """`events` and `gaps` are of all the time that the feeds heard it; the newest stretches and losses only of this environment's."""

    name: str
    is_heard: bool
    refused: str = Field(description="the exchange's own word when it does not give it")
    per_second: float
    slowest_ms: float
    events: int
    gaps: int
    stretches: list[StretchShape]
    losses: list[LossShape]
    arrived: ArrivedShape | None


class ReplayShape(BaseModel):
    """All before `reached` was told again. `speed` 0: as fast as it goes."""

    start: datetime
    end: datetime
    reached: datetime
    speed: float
    events: int
    gaps: int
    is_over: bool
    problem: str
    arrived: ArrivedShape | None


class FeedShape(BaseModel):
    """`has_answered`: whether the strategy says what arrived."""

    at: datetime
    is_let_in: bool
    has_answered: bool
    instruments: list[InstrumentShape]
    replay: ReplayShape | None


def _arrived(it: Arrived | None) -> ArrivedShape | None:
    return ArrivedShape(**vars(it)) if it else None


def _instrument(it: Instrument) -> InstrumentShape:
    return InstrumentShape(
        name=it.name,
        is_heard=it.is_heard,
        refused=it.refused,
        per_second=it.per_second,
        slowest_ms=it.slowest_ms,
        events=it.events,
        gaps=it.gaps,
        stretches=[StretchShape(how=each.how, since=at(each.since), until=at(each.until)) for each in it.stretches],
        losses=[LossShape(**{**vars(each), "at": at(each.at)}) for each in it.losses],
        arrived=_arrived(it.arrived),
    )


def _replay(it: Replay | None) -> ReplayShape | None:
    times = {name: at(getattr(it, name)) for name in ("start", "end", "reached")} if it else {}
    return ReplayShape(**{**vars(it), **times, "arrived": _arrived(it.arrived)}) if it else None


def feed_shape(it: Certificate) -> FeedShape:
    return FeedShape(
        at=at(it.at),
        is_let_in=it.is_let_in,
        has_answered=it.has_answered,
        instruments=[_instrument(each) for each in it.instruments],
        replay=_replay(it.replay),
    )


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["environments"])

    @routes.get("/environments/{slug}/feed")
    async def feed(slug: str, caller: Reader) -> FeedShape:
        """What it heard of its instruments, what was lost, what replayed. 503 while nobody can say."""
        found = await environment_of(parts, caller, slug, "ivy status")
        if not found.is_trading or not found.is_live:
            raise Problem(404, "no_feed", "It hears no market data.")
        told = await parts.runtime.feed(found.id)
        if isinstance(told, NotKnown):
            raise Problem(503, "unavailable", f"It is not known now, for {told.reason}.", {"Retry-After": "5"})
        return feed_shape(told.since(found.created_at))

    return routes

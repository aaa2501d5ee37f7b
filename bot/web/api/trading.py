"""What a trading environment says of itself, with its own key: how its book stands, and that something holds it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from bot.domain.command import Event
from bot.domain.environment import Environment
from bot.domain.schedule import asleep_until
from bot.domain.trading_state import Told, TradingState
from bot.replies.trading import halted
from bot.store.transaction import Transaction
from bot.web.api.caller import Keyed
from bot.web.api.parts import Parts
from bot.web.api.shapes import at
from bot.web.problem import Problem

Amount = Annotated[str, Field(pattern=r"^-?[0-9]{1,24}(\.[0-9]{1,18})?$")]
Count = Annotated[int, Field(ge=0, le=2**53)]
Sentence = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f]*$")]


class Risk(BaseModel):
    """Amounts are decimals as text. `halted` is why it is halted, empty while it is not; `halts` how often it was so far."""

    orders: Count
    refused: Count
    position_usd: Amount
    equity_usd: Amount
    drawdown_pct: Amount
    halted: Sentence = ""
    halts: Count = 0


class RiskHeard(BaseModel):
    """`resume_by` is who wants this very halt to be over; empty where nobody does."""

    resume_by: str


class Hold(BaseModel):
    """Said again before `seconds` are over, for as long as it takes. `reason` is what holds it, as people are told."""

    seconds: Annotated[int, Field(ge=1, le=900)] = 600
    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")] = "a test"


class Held(BaseModel):
    """`until` is as long as this holds it, `expires_at` its end as it is now."""

    until: datetime
    expires_at: datetime


def router(parts: Parts) -> APIRouter:
    routes = APIRouter(tags=["trading"], prefix="/environments/{slug}")

    @routes.put("/risk")
    async def risk(slug: str, environment: Keyed, said: Risk) -> RiskHeard:  # noqa: ARG001 - the key says which
        async with parts.store.transaction() as transaction:
            it = await _live(transaction, environment)
            before = await transaction.trading.state(environment)
            told = Told(**said.model_dump())
            after = _after(before, told, transaction.now)
            await transaction.trading.save(after)
            await _tell(transaction, it, before, told)
        return RiskHeard(resume_by=after.resume_by if after.is_to_resume else "")

    @routes.post("/hold")
    async def hold(slug: str, environment: Keyed, said: Hold) -> Held:  # noqa: ARG001
        """Its end is put off to that, but never past the cap on its life: beyond that only people are asked."""
        async with parts.store.transaction() as transaction:
            it, now = await _live(transaction, environment), transaction.now
            until = min(now + said.seconds, it.created_at + parts.cap_s)
            if until <= now:
                raise Problem(409, "over_cap", "Its life has come to the cap: more takes another person's word, by /ivy extend.")
            state = await transaction.trading.state(environment)
            if not state.is_held(now) or state.held_for != said.reason:
                await transaction.note(_event(it, now, "held", said.reason))
            await transaction.trading.save(msgspec.structs.replace(state, held_until=until, held_for=said.reason))
            busy = _busy(it, now, until)
            it = await (transaction.save(busy) if busy.expires_at == it.expires_at else transaction.edit(busy))
        return Held(until=at(until), expires_at=at(it.expires_at))

    @routes.delete("/hold", status_code=204)
    async def let_go(slug: str, environment: Keyed) -> None:  # noqa: ARG001
        """Nothing holds it any more; its end stays where it is."""
        async with parts.store.transaction() as transaction:
            await _live(transaction, environment)
            state = await transaction.trading.state(environment)
            await transaction.trading.save(msgspec.structs.replace(state, held_until=None, held_for=""))

    return routes


async def _live(transaction: Transaction, id_: str) -> Environment:
    found = await transaction.environments.locked(id_)
    if found is None or not found.is_wanted:
        raise Problem(409, "gone", "It is going, or gone.")
    return found


def _busy(it: Environment, now: float, until: float) -> Environment:
    """The same, held until then: neither its end, nor quiet, nor its nightly sleep comes before.

    It gets no deadline of its own: else warnings would be owed anew each time.
    """
    sleep_over = asleep_until(it.schedule, until)
    awake_until = it.awake_until if sleep_over is None else max(sleep_over, it.awake_until or 0.0)
    return msgspec.structs.replace(
        it, expires_at=max(it.expires_at, until), active_at=max(it.active_at, now), idle_warned_at=None, awake_until=awake_until
    )


def _is_new_halt(before: TradingState, told: Told) -> bool:
    return bool(told.halted) and not (before.is_halted and before.told is not None and before.told.halts == told.halts)


def _after(before: TradingState, told: Told, now: float) -> TradingState:
    since = now if _is_new_halt(before, told) else before.halted_at
    return msgspec.structs.replace(before, told=told, told_at=now, halted_at=since if told.halted else None)


async def _tell(transaction: Transaction, it: Environment, before: TradingState, told: Told) -> None:
    """Its thread, once for each halt."""
    if _is_new_halt(before, told):
        await transaction.note(_event(it, transaction.now, "trading_halted", told.halted))
        await transaction.post(it.thread, halted(it, told.halted))
    elif before.is_halted and not told.halted:
        await transaction.note(_event(it, transaction.now, "trading_resumed", ""))


def _event(it: Environment, now: float, kind: str, reason: str) -> Event:
    return Event(at=now, kind=kind, environment_id=it.id, project=it.project, actor="its key", data={"reason": reason})

"""Spares as rows: one UPDATE gives one to one, however many ask at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec
import pytest

from bot.domain.environment import Size
from bot.domain.spares import Spare, SpareState
from bot.store.store import Store

ASKING, THERE = 30, 20


def spare(number: int, **more: object) -> Spare:
    made = Spare(id=f"s{number:02}", project="shop", size=Size.SMALL, state=SpareState.READY, image="i", created_at=float(number))
    return msgspec.structs.replace(made, expires_at=9e9, **more)


async def test_of_many_who_ask_at_once_each_gets_another_and_the_rest_gets_none(store: Store) -> None:
    async with store.transaction() as transaction:
        for number in range(THERE):
            await transaction.spares.add(spare(number))

    async def claim() -> str | None:
        async with store.transaction() as transaction:
            return await transaction.claim_spare("shop", "", Size.SMALL)

    claimed = Counter(await asyncio.gather(*(claim() for _ in range(ASKING))))
    assert claimed.pop(None) == ASKING - THERE, "nobody goes without while there is one that another is about to have"
    assert claimed == Counter([f"s{number:02}" for number in range(THERE)])


async def test_one_whose_claim_is_taken_back_is_a_spare_again(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.spares.add(spare(1))
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as transaction:
            assert await transaction.claim_spare("shop", "", Size.SMALL) == "s01"
            _ = 1 / 0
    async with store.transaction() as transaction:
        assert await transaction.claim_spare("shop", "", Size.SMALL) == "s01"


async def test_what_does_not_fit_is_not_claimed(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.spares.add(spare(1, size=Size.LARGE))
        await transaction.spares.add(spare(2, project="tools"))
        await transaction.spares.add(spare(3, state=SpareState.MAKING))
        await transaction.spares.add(spare(4, state=SpareState.RETIRING))
        await transaction.spares.add(msgspec.structs.replace(spare(9), expires_at=transaction.now))
        assert await transaction.claim_spare("shop", "", Size.SMALL) is None


async def test_making_is_stopped_and_goes_on(store: Store) -> None:
    async with store.transaction() as transaction:
        assert await transaction.spares.stopped() is None
        await transaction.spares.stop("dana", "the account is full")
        await transaction.spares.stop("eve", "still is")
        stopped = await transaction.spares.stopped()
        assert stopped is not None
        assert (stopped.who, stopped.reason, stopped.at) == ("eve", "still is", transaction.now)
        assert await transaction.spares.go_on()
        assert not await transaction.spares.go_on()

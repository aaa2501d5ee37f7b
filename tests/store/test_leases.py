"""One holder at a time, and a fence that only grows."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import LeaseLost
from bot.store.store import Store
from tests.fakes.clock import ManualClock

SECONDS = 30.0


async def test_a_lease_has_one_holder_until_it_runs_out(store: Store, clock: ManualClock) -> None:
    first = await store.claim("environment:1", "anna", SECONDS)
    assert first is not None
    assert await store.claim("environment:1", "berta", SECONDS) is None
    clock.advance(seconds=SECONDS)
    second = await store.claim("environment:1", "berta", SECONDS)
    assert second is not None
    assert second.fence == first.fence + 1


async def test_of_many_who_claim_at_once_one_gets_it(store: Store) -> None:
    claims = await asyncio.gather(*(store.claim("environment:1", f"worker-{number}", SECONDS) for number in range(12)))
    assert len([claim for claim in claims if claim]) == 1


async def test_a_renewed_lease_is_kept(store: Store, clock: ManualClock) -> None:
    lease = await store.claim("environment:1", "anna", SECONDS)
    assert lease is not None
    clock.advance(seconds=20)
    await store.renew(lease, SECONDS)
    clock.advance(seconds=20)
    assert await store.claim("environment:1", "berta", SECONDS) is None


async def test_a_lease_that_ran_out_cannot_be_renewed_even_when_nobody_took_it(store: Store, clock: ManualClock) -> None:
    lease = await store.claim("environment:1", "anna", SECONDS)
    assert lease is not None
    clock.advance(seconds=SECONDS)
    with pytest.raises(LeaseLost):
        await store.renew(lease, SECONDS)


async def test_nothing_is_written_under_a_lost_lease(store: Store, clock: ManualClock) -> None:
    lease = await store.claim("environment:1", "anna", SECONDS)
    assert lease is not None
    clock.advance(seconds=SECONDS)
    await store.claim("environment:1", "berta", SECONDS)
    with pytest.raises(LeaseLost):
        async with store.transaction(lease):
            raise AssertionError("the block must not run")


async def test_letting_go_of_anothers_lease_leaves_it(store: Store, clock: ManualClock) -> None:
    old = await store.claim("environment:1", "anna", SECONDS)
    assert old is not None
    clock.advance(seconds=SECONDS)
    assert await store.claim("environment:1", "berta", SECONDS)
    await store.release(old)
    assert await store.claim("environment:1", "clara", SECONDS) is None


async def test_a_fence_survives_letting_go(store: Store) -> None:
    fences = []
    for _ in range(3):
        lease = await store.claim("environment:1", "anna", SECONDS)
        assert lease is not None
        fences.append(lease.fence)
        await store.release(lease)
    assert fences == [1, 2, 3]


async def test_a_heartbeat_is_seen_until_it_is_old(store: Store, clock: ManualClock) -> None:
    assert not await store.is_alive("worker:")
    await store.beat("worker:anna", "anna", 10)
    assert await store.is_alive("worker:")
    clock.advance(seconds=10)
    assert not await store.is_alive("worker:")

"""One live lock for each scope, one live veto for each artifact, holds that touch nothing else of a slot, and who waits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from sqlalchemy import insert, select

from bot.domain.deployment import Deployment, DeploymentState, Lock, Slot, Veto, Waits
from bot.domain.ids import new_id
from bot.domain.message import Person, Platform, Thread
from bot.store.deploy_tables import deployments, slots
from bot.store.store import Store
from tests.fakes.clock import ManualClock

DANA, ERIN = Person(Platform.GITHUB, "7", "dana"), Person(Platform.SLACK, "U2", "erin")
THREAD = Thread(Platform.GITHUB, "github:shop:12", title="über")


def lock(now: float, owner: Person = DANA, **more: Any) -> Lock:
    given: dict[str, Any] = {"id": new_id(), "scope": "environment/prod", "reason": "release week", "created_at": now, **more}
    return Lock(owner=owner, identities=(f"{owner.platform}:{owner.id}",), thread=THREAD, **given)


def veto(now: float, **more: Any) -> Veto:
    return Veto(id=new_id(), service="payments", artifact_id="a5", person=DANA, reason="loses money", created_at=now, **more)


async def test_a_lock_is_the_one_there_is(store: Store) -> None:
    async with store.transaction() as transaction:
        mine = await transaction.locks.claim(lock(transaction.now))
        assert await transaction.locks.claim(lock(transaction.now, ERIN)) == mine
        other = await transaction.locks.claim(lock(transaction.now, ERIN, scope="service/payments"))
        assert other.owner == ERIN
    async with store.look() as look:
        assert list(await look.locks.live()) == [mine, other]
        assert await look.locks.of("environment/prod") == mine


async def test_of_many_who_lock_at_once_one_owns_it(store: Store) -> None:
    async def take(number: int) -> Lock:
        async with store.transaction() as transaction:
            return await transaction.locks.claim(lock(transaction.now, Person(Platform.GITHUB, str(number), f"p{number}")))

    found = await asyncio.gather(*(take(number) for number in range(8)))
    assert len({each.id for each in found}) == 1


async def test_a_lock_ends_once_and_makes_room(store: Store) -> None:
    async with store.transaction() as transaction:
        mine = await transaction.locks.claim(lock(transaction.now))

    async def release() -> bool:
        async with store.transaction() as transaction:
            return await transaction.locks.release(mine, ERIN)

    assert sorted(await asyncio.gather(*(release() for _ in range(4)))) == [False, False, False, True]
    async with store.transaction() as transaction:
        assert await transaction.locks.of("environment/prod") is None
        again = await transaction.locks.claim(lock(transaction.now, ERIN))
        assert again.owner == ERIN


async def test_what_ran_out_is_given_once_and_is_over_at_its_time(store: Store, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        ends = transaction.now + 60
        await transaction.locks.claim(lock(transaction.now, expires_at=ends))
        await transaction.locks.claim(lock(transaction.now, scope="all"))
        assert list(await transaction.locks.run_out()) == []
    clock.advance(seconds=60)
    async with store.transaction() as transaction:
        assert [each.scope for each in await transaction.locks.live()] == ["all"]
        assert [each.scope for each in await transaction.locks.run_out()] == ["environment/prod"]
        assert list(await transaction.locks.run_out()) == []
        assert (await transaction.locks.claim(lock(transaction.now, ERIN))).owner == ERIN


async def test_what_is_said_of_a_lock_is_kept(store: Store) -> None:
    async with store.transaction() as transaction:
        mine = await transaction.locks.claim(lock(transaction.now))
        await transaction.locks.save(msgspec.structs.replace(mine, reason="it's; DROP TABLE locks", is_warning=True))
    async with store.look() as look:
        [found] = await look.locks.live()
    assert (found.reason, found.is_warning, found.thread) == ("it's; DROP TABLE locks", True, THREAD)


async def test_a_veto_stands_once_until_it_is_lifted(store: Store) -> None:
    async with store.transaction() as transaction:
        first = await transaction.vetoes.claim(veto(transaction.now))
        assert await transaction.vetoes.claim(veto(transaction.now)) == first
        assert await transaction.vetoes.of("a5") == first
        assert await transaction.vetoes.of("a6") is None
        assert dict(await transaction.vetoes.several(["a5", "a6"])) == {"a5": first}
        assert await transaction.vetoes.lift(first, ERIN)
        assert not await transaction.vetoes.lift(first, ERIN)
        assert await transaction.vetoes.of("a5") is None
        assert (await transaction.vetoes.claim(veto(transaction.now))).id != first.id


async def test_a_hold_touches_nothing_else_of_its_slot(store: Store) -> None:
    runs = Slot(service="payments", environment="prod", deployment_id="d1", artifact_id="a1", claimed_by="d2", since=5.0)
    async with store.transaction() as transaction:
        await transaction.connection.execute(insert(slots).values(msgspec.to_builtins(runs)))
        await transaction.holds.put("payments", "prod", DANA, "rolled back")
        await transaction.holds.put("ledger", "prod", DANA, "rolled back")
        found = await transaction.holds.of(["payments", "ledger", "web"], "prod")
        assert [each.service for each in found] == ["ledger", "payments"]
        assert msgspec.structs.replace(found[1], held_by=None, held_reason="", held_at=None) == runs
        assert found[1].held_by == DANA
        assert await transaction.holds.let_go(found[1])
        assert not await transaction.holds.let_go(found[1])
        left = await transaction.holds.of(["payments", "ledger"], "prod")
        assert [each.service for each in left] == ["ledger"]
        row = (await transaction.connection.execute(select(slots).where(slots.c.service == "payments"))).mappings().one()
        assert (row["claimed_by"], row["deployment_id"], row["held_at"]) == ("d2", "d1", None)


async def test_only_those_that_wait_are_called(store: Store) -> None:
    states = [(DeploymentState.WAITING, Waits.LOCK), (DeploymentState.QUEUED, None), (DeploymentState.WAITING, Waits.APPROVAL)]
    async with store.transaction() as transaction:
        for number, (state, waits) in enumerate(states, 1):
            row = Deployment(
                id=f"d{number}", number=number, rollout_id="r1", service="payments", environment="prod", artifact_id="a5",
                created_at=transaction.now, state=state, waits_for=waits,
            )  # fmt: skip
            await transaction.connection.execute(insert(deployments).values(msgspec.to_builtins(row)))
        assert [each.id for each in await transaction.waiting.all(Waits.LOCK)] == ["d1"]
        assert [each.id for each in await transaction.waiting.of_artifact("a5")] == ["d1", "d2", "d3"]
        await transaction.call(["d1", "d2", "d9"])
        assert list(transaction.rings) == [("deploy", "d1")]
        [called] = await transaction.waiting.all(Waits.LOCK)
        assert called.due_at == transaction.now

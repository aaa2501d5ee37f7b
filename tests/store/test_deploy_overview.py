"""What pages ask of service deploys: what runs where, how far behind, what is under way, and the past."""

from __future__ import annotations

import pytest

from bot.domain.deployment import DeploymentState, RolloutState
from bot.store import deploy_overview
from bot.store.store import Store
from tests.deployed import artifact, deployment, keep, lock, rollout, slot, veto

pytestmark = pytest.mark.postgres

OLD, NEW, NEWEST = artifact(1), artifact(2), artifact(3)
UNMERGED = artifact(4, merged_at=None)


async def _two_deployed(store: Store) -> None:
    first, second, failed = rollout(1), rollout(2, "prod"), rollout(3, state=RolloutState.FAILED)
    one, two = deployment(1, OLD, first), deployment(2, NEWEST, second)
    three = deployment(3, NEW, failed, DeploymentState.FAILED, reason="it does not answer")
    await keep(store, OLD, NEW, NEWEST, UNMERGED, first, second, failed, one, two, three, slot(OLD, first, one), slot(NEWEST, second, two))


async def test_what_runs_where_and_how_far_behind_it_is(store: Store) -> None:
    await _two_deployed(store)
    async with store.look() as look:
        found = await deploy_overview.places(look.connection, ["payments"])
    assert (found.runs("payments", "dev"), found.runs("payments", "prod"), found.runs("payments", "qa")) == (OLD, NEWEST, None)
    assert found.behind == {("payments", "dev"): 2}, "what is not merged is no drift"
    assert found.last["payments", "dev"].state is DeploymentState.FAILED
    assert found.working == {}


async def test_what_is_under_way_is_told_apart_from_what_was(store: Store) -> None:
    await _two_deployed(store)
    act = rollout(4, state=RolloutState.OPEN)
    await keep(store, act, deployment(4, NEW, act, DeploymentState.RUNNING))
    async with store.look() as look:
        found = await deploy_overview.places(look.connection, ["payments"])
        [newest, *_] = await deploy_overview.acts(look.connection, ["payments"])
    assert found.working["payments", "dev"].number == 4
    assert (newest.rollout.number, newest.is_open) == (4, True)


async def test_the_past_comes_a_page_at_a_time(store: Store) -> None:
    await _two_deployed(store)
    async with store.look() as look:
        first = await deploy_overview.history(look.connection, "payments", limit=2)
        then = await deploy_overview.history(look.connection, "payments", before=first[-1].deployments[0].number)
        prod = await deploy_overview.history(look.connection, "payments", "prod")
    assert [each.deployments[0].number for each in (*first, *then)] == [3, 2, 1]
    assert [each.rollout.number for each in prod] == [2]


async def test_a_rollout_with_a_service_that_may_not_be_seen_is_not_listed(store: Store) -> None:
    await _two_deployed(store)
    secret = artifact(1, "ledger")
    act = rollout(5)
    await keep(store, secret, act, deployment(5, OLD, act), deployment(6, secret, act, stage=1))
    async with store.look() as look:
        seen = await deploy_overview.acts(look.connection, ["payments"])
        everything = await deploy_overview.acts(look.connection, ["payments", "ledger"])
        one = await deploy_overview.act(look.connection, 5)
    assert [each.rollout.number for each in seen] == [3, 2, 1]
    assert everything[0].services == {"payments", "ledger"}
    assert one is not None
    assert [each.service for each in one.deployments] == ["payments", "ledger"]


async def test_locks_that_hold_and_vetoes_that_hold(store: Store) -> None:
    over, lifted = lock("environment/prod", id="l-old", released_at=5.0), lock("environment/dev", expires_at=1.0)
    await keep(store, OLD, over, lifted, lock("all"), lock("service/payments:prod"), veto(OLD))
    async with store.look() as look:
        assert [each.scope for each in await deploy_overview.locks_now(look.connection, 2.0)] == ["all", "service/payments:prod"]
        assert set(await deploy_overview.vetoes_of(look.connection, "payments")) == {OLD.id}

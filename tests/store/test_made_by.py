"""Which engine something is of, by its row: an environment's own before that of the spare that it was."""

from __future__ import annotations

from bot.domain.environment import Size
from bot.domain.spares import Spare, SpareState
from bot.store.made_by import made_by
from bot.store.store import Store
from tests.store.test_overview import one


def spare(id: str, engine: str) -> Spare:
    return Spare(id=id, project="shop", engine=engine, size=Size.SMALL, state=SpareState.READY, created_at=0.0, expires_at=9e9)


async def test_an_environment_says_it_before_the_spare_that_it_was_and_without_a_row_nobody_does(store: Store) -> None:
    claimed, before = one(1, engine="branch-env"), one(2)
    async with store.transaction() as transaction:
        for each in (claimed, before):
            assert await transaction.add(each)
        await transaction.spares.add(spare(claimed.id, "local-env"))
        await transaction.spares.add(spare("unclaimed", "local-env"))
    asked = [await made_by(store, id_) for id_ in (claimed.id, "unclaimed", before.id, "nobody")]
    assert asked == ["branch-env", "local-env", None, None]


async def test_a_spare_is_claimed_for_its_own_engine_only(store: Store) -> None:
    async with store.transaction() as transaction:
        await transaction.spares.add(spare("s", "local-env"))
        assert await transaction.claim_spare("shop", "branch-env", Size.SMALL) is None
        assert await transaction.claim_spare("shop", "local-env", Size.SMALL) == "s"

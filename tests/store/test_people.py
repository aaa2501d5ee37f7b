"""Accounts of one person: joining is symmetric and transitive, parting takes one out; as a state machine against sets."""

from __future__ import annotations

from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.message import Person, Platform
from bot.store.people import identity_of
from bot.store.store import Store

ALL = [Person(platform, id_, id_) for platform in (Platform.GITHUB, Platform.GITLAB, Platform.SLACK) for id_ in ("7", "8")]
moves = st.lists(st.tuples(st.sampled_from(["join", "part"]), st.sampled_from(ALL), st.sampled_from(ALL)), max_size=12)


async def test_same_id_elsewhere_is_somebody_else(store: Store) -> None:
    async with store.transaction() as transaction:
        people = transaction.people
        assert await people.same_person(ALL[0], Person(Platform.GITHUB, "7", "renamed"))
        assert not await people.same_person(ALL[0], Person(Platform.GITLAB, "7", "7"))
        await people.join(ALL[0], ALL[2])
        assert await people.identities(Person(Platform.GITLAB, "7", "renamed")) == {"github:7", "gitlab:7"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
async def test_joining_and_parting_are_those_of_sets(store: Store, moves: list[tuple[str, Person, Person]]) -> None:
    expected = {identity_of(each): frozenset({identity_of(each)}) for each in ALL}
    async with store.transaction() as transaction:
        people = transaction.people
        for each in ALL:
            await people.part(each)
        for move, one, other in moves:
            if move == "join" and one != other:
                await people.join(one, other)
                together = expected[identity_of(one)] | expected[identity_of(other)]
                expected |= dict.fromkeys(together, together)
            elif move == "part":
                await people.part(one)
                rest = expected[identity_of(one)] - {identity_of(one)}
                expected |= {**dict.fromkeys(rest, rest), identity_of(one): frozenset({identity_of(one)})}
        assert {identity_of(each): await people.identities(each) for each in ALL} == expected
        for one, other in combinations(ALL, 2):
            assert await people.same_person(one, other) == (identity_of(other) in expected[identity_of(one)])

"""What CI built is registered once, found by however it is called, and merged when the forge says so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.ids import new_id
from bot.store.numbers import next_number
from bot.store.store import Store

NOW = 1_796_040_000.0
COMMITS = [f"{letter}{number}".ljust(40, "0") for number, letter in enumerate("abcdef")]


def artifact(commit: str = COMMITS[0], sha256: str = "1" * 64, **more: Any) -> Artifact:
    given: dict[str, Any] = {
        "id": new_id(),
        "service": "payments",
        "kind": ArtifactKind.BINARY,
        "address": "https://files.example.com/payments",
        "project": "shop",
        "program": "import libdeploy as d\n",
        "registered_at": NOW,
        "registered_by": "console:ci",
        **more,
    }
    return Artifact(commit=commit, sha256=sha256, **given)


async def registered(store: Store, *wanted: Artifact) -> list[Artifact]:
    async with store.transaction() as transaction:
        return [(await transaction.artifacts.add(each))[0] for each in wanted]


async def test_the_same_again_is_the_one_there_is(store: Store) -> None:
    [first] = await registered(store, artifact(address="https://files.example.com/first"))
    async with store.transaction() as transaction:
        again, is_new = await transaction.artifacts.add(artifact(address="https://files.example.com/second"))
        assert (again, is_new) == (first, False)
        other, is_other_new = await transaction.artifacts.add(artifact(sha256="2" * 64))
        assert (other.number, is_other_new) == (2, True)


async def test_each_service_counts_by_itself(store: Store) -> None:
    found = await registered(store, *(artifact(commit, service=name) for commit in COMMITS[:2] for name in ("payments", "ledger")))
    assert [(each.service, each.number) for each in found] == [("payments", 1), ("ledger", 1), ("payments", 2), ("ledger", 2)]


async def test_of_many_who_register_the_same_at_once_one_does(store: Store) -> None:
    async def register() -> tuple[Artifact, bool]:
        async with store.transaction() as transaction:
            return await transaction.artifacts.add(artifact())

    found = await asyncio.gather(*(register() for _ in range(8)))
    assert len({each.id for each, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1


async def test_no_number_is_given_twice(store: Store) -> None:
    async def one() -> int:
        async with store.transaction() as transaction:
            return await next_number(transaction.connection, "rollout")

    assert sorted(await asyncio.gather(*(one() for _ in range(12)))) == list(range(1, 13))


async def test_it_is_found_by_however_it_is_called(store: Store) -> None:
    first, second, other = await registered(
        store,
        artifact(version="1.4"),
        artifact(COMMITS[1], request=12),
        artifact(COMMITS[0], service="ledger", request=12, registered_at=NOW + 5),
    )
    async with store.look() as look:
        rows = look.artifacts
        assert await rows.get(first.id) == await rows.by_number("payments", 1) == await rows.by_version("payments", "1.4") == first
        assert await rows.by_commit("payments", COMMITS[1][:8].upper()) == [second]
        assert await rows.of_request("shop", 12) == [other, second]
        assert await rows.of_request("shop", 12, "payments") == [second]
        assert await rows.newest("payments") == second
        assert await rows.listed(["payments", "ledger"]) == [other, second, first]
        assert await rows.listed(["payments", "ledger"], before=NOW + 5) == [second, first]
        assert await rows.several([first.id, other.id, "nothing"]) == {first.id: first, other.id: other}
        assert await rows.listed([]) == []


@pytest.mark.parametrize("prefix", ["%", "_", "a_", "%00", "\\", "'"])
async def test_a_prefix_is_no_pattern(store: Store, prefix: str) -> None:
    await registered(store, artifact())
    async with store.look() as look:
        assert await look.artifacts.by_commit("payments", prefix) == []


async def test_what_one_prefix_means_twice_is_all_told(store: Store) -> None:
    two = await registered(store, artifact("ab" + "0" * 38), artifact("ab" + "1" * 38))
    async with store.look() as look:
        assert await look.artifacts.by_commit("payments", "ab") == list(reversed(two))


async def test_the_newest_merged_goes_by_its_place_on_the_branch_and_not_by_when_ci_was_ready(store: Store) -> None:
    await registered(store, artifact(COMMITS[1]), artifact(COMMITS[0]), artifact(COMMITS[2]))
    async with store.transaction() as transaction:
        rows = transaction.artifacts
        assert await rows.newest_merged("payments") is None
        await rows.merge_said("shop", COMMITS[0], NOW - 60, NOW)  # built last, merged first
        await rows.merge_said("shop", COMMITS[1], NOW - 30, NOW)
        newest = await rows.newest_merged("payments")
        assert newest is not None
        assert (newest.commit, newest.is_merged) == (COMMITS[1], True)


async def test_what_was_merged_once_stays_so(store: Store) -> None:
    await registered(store, artifact(), artifact(service="ledger"), artifact(project="elsewhere", service="web"))
    async with store.transaction() as transaction:
        rows = transaction.artifacts
        assert [each.merged_at for each in await rows.merge_said("shop", COMMITS[0], None, NOW)] == [None, None]
        assert {each.service for each in await rows.merge_said("shop", COMMITS[0], NOW - 5, NOW)} == {"payments", "ledger"}
        assert await rows.merge_said("shop", COMMITS[0], None, NOW + 9) == []
        merged, elsewhere = await rows.by_number("payments", 1), await rows.by_number("web", 1)
        assert merged is not None
        assert elsewhere is not None
        assert (merged.merged_at, merged.merge_asked_at, elsewhere.merged_at) == (NOW - 5, NOW, None)


async def test_those_to_ask_about_are_the_longest_unasked(store: Store) -> None:
    old, first, second, merged = await registered(
        store, artifact(registered_at=NOW - 999), artifact(COMMITS[1]), artifact(COMMITS[2]), artifact(COMMITS[3])
    )
    async with store.transaction() as transaction:
        rows = transaction.artifacts
        await rows.merge_said("shop", first.commit, None, NOW)
        await rows.merge_said("shop", merged.commit, NOW, NOW)
        assert [each.id for each in await rows.unmerged("shop", NOW - 10)] == [second.id, first.id]
        assert old.id in [each.id for each in await rows.unmerged("shop", 0)]


async def test_a_commit_from_the_future_is_of_now(store: Store) -> None:
    await registered(store, artifact())
    async with store.transaction() as transaction:
        [told] = await transaction.artifacts.merge_said("shop", COMMITS[0], NOW + 9e9, NOW)
        assert told.merged_at == NOW

"""How many spares there should be at a moment, and what is made and taken down for that."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.environment import Size
from bot.domain.spares import BadTarget, Kind, Spare, SpareState, plan, targets_of, wanted_at

SHOP: Kind = ("shop", Size.SMALL)
NOW = 1000.0


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def spare(id: str, state: SpareState = SpareState.READY, **more: object) -> Spare:
    made = Spare(id=id, project="shop", size=Size.SMALL, state=state, image="i", created_at=0.0, expires_at=NOW + 1)
    return msgspec.structs.replace(made, **more)


def of_i(one: Spare) -> bool:
    return one.image == "i" or one.state is SpareState.MAKING


@pytest.mark.parametrize(
    ("text", "moment", "count"),
    [
        ("mon-fri 08:00-18:00: 3; else 0", "2026-11-30 08:00", 3),
        ("mon-fri 08:00-18:00: 3; else 0", "2026-11-30 17:59", 3),
        ("mon-fri 08:00-18:00: 3; else 0", "2026-11-30 18:00", 0),
        ("mon-fri 08:00-18:00: 3; else 1", "2026-11-29 12:00", 1),
        ("mon-fri 08:00-18:00: 3", "2026-11-29 12:00", 0),
        ("mon 09:00-11:00: 9; daily 08:00-18:00: 2; 1", "2026-11-30 10:00", 9),
        ("mon 09:00-11:00: 9; daily 08:00-18:00: 2; 1", "2026-11-30 11:00", 2),
        ("nights: 1", "2026-11-30 03:00", 1),
        ("  2 ", "2026-11-30 03:00", 2),
    ],
)
def test_the_first_times_that_cover_a_moment_say_how_many(text: str, moment: str, count: int) -> None:
    assert wanted_at(targets_of(text, "UTC"), at(moment)) == count


def test_times_are_those_of_the_teams_zone() -> None:
    targets = targets_of("daily 08:00-18:00: 3", "Europe/Berlin")
    assert [wanted_at(targets, at(f"2026-07-01 {hour}", "UTC")) for hour in ("05:59", "06:00", "15:59", "16:00")] == [0, 3, 3, 0]


@pytest.mark.parametrize(
    "text", ["", ";", "mon-fri 08:00-18:00", "-1", "3.5", "x: 3", "3 spares", "101", "٣", "mon-fri 25:00-26:00: 1", "else: 1"]
)
def test_what_is_no_target_is_refused_with_how_it_is_said(text: str) -> None:
    with pytest.raises(BadTarget, match=r"say `|no day has an hour"):
        targets_of(text, "UTC")


def test_what_lacks_is_made_and_the_kind_that_lacks_most_comes_first() -> None:
    other: Kind = ("tools", Size.LARGE)
    assert plan([spare("a")], {SHOP: 2, other: 3}, of_i, NOW).make == (other, other, SHOP, other)


def test_the_stale_go_and_are_replaced() -> None:
    found = plan([spare("old", expires_at=NOW), spare("image", image="other"), spare("good")], {SHOP: 2}, of_i, NOW)
    assert [(each.id, why) for each, why in found.retire] == [("old", "old"), ("image", "image")]
    assert found.make == (SHOP,)


def test_of_too_many_those_that_are_not_made_yet_go_first_then_the_oldest() -> None:
    there = [spare("young", created_at=9.0), spare("old"), spare("making", SpareState.MAKING)]
    assert [each.id for each, _ in plan(there, {SHOP: 2}, of_i, NOW).retire] == ["making"]
    assert [each.id for each, _ in plan(there, {SHOP: 1}, of_i, NOW).retire] == ["making", "old"]
    assert len(plan(there, {}, of_i, NOW).retire) == 3, "nobody wants any of this project now"


def test_one_that_another_engine_makes_is_not_waited_for() -> None:
    found = plan([spare("making", SpareState.MAKING, engine="other")], {SHOP: 1}, lambda each: each.engine != "other", NOW)
    assert ([each.id for each, _ in found.retire], found.make, found.going_on) == (["making"], (SHOP,), ())


STATES = st.sampled_from(list(SpareState))
SPARES = st.lists(
    st.builds(spare, st.uuids().map(str), STATES, image=st.sampled_from(["i", "j"]), expires_at=st.sampled_from([NOW, NOW + 1]))
)


@given(SPARES, st.integers(0, 5))
def test_carried_out_a_plan_gives_exactly_what_is_wanted(there: list[Spare], wanted: int) -> None:
    found = plan(there, {SHOP: wanted}, of_i, NOW)
    retired = {each.id for each, _ in found.retire}
    stay = [each for each in there if each.id not in retired and each.state in {SpareState.MAKING, SpareState.READY}]
    assert len(stay) + len(found.make) == wanted
    assert not {each.id for each in there if each.state is SpareState.CLAIMED} & retired, "what is somebody's is left alone"
    assert {each.id for each in found.going_on} == {each.id for each in stay if each.state is SpareState.MAKING}

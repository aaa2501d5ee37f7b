"""A spare's machine is made by real Terraform before anybody asks, and is the very one that the next environment gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from processes import bearers
from provisioner.engine import Bare
from provisioner.records import BadSpec
from tests.terraform.stand import THEN, Stand, spec
from tests.terraform.test_life import THINGS

BARE = Bare("env-1", "spare-1", "demo", "small")


def machine(stand: Stand) -> dict[str, Any]:
    """What Terraform's state says of the machine: its id, and what it was told."""
    state = json.loads((stand.settings.states / "env-1" / "terraform.tfstate").read_bytes())
    [found] = [each["instances"][0]["attributes"] for each in state["resources"] if each["name"] == "machine"]
    return {"id": found["id"], **found["output"]["value"]}


async def test_the_machine_of_a_spare_becomes_that_of_who_claims_it_and_its_time_begins_then(stand: Stand) -> None:
    await stand.engine.prepare(BARE, 1)
    before = machine(stand)
    assert (before["slug"], before["created_at"]) == ("spare-1", "2026-09-21T14:13:20Z")
    assert stand.within.applied == []
    [seen] = await stand.engine.observe()
    assert (seen.environment, seen.generation, seen.ref, seen.project) == ("env-1", None, "", "demo")
    stand.now = THEN + 3600
    access, _ = await stand.apply(spec(), fence=2)
    after = machine(stand)
    assert (after["id"], after["network"], after["disk"]) == (before["id"], before["network"], before["disk"])
    assert (after["slug"], after["created_at"]) == ("slug-env-1", "2026-09-21T15:13:20Z")
    assert access.sha == "a" * 40
    assert [each.slug for each in stand.within.applied] == ["slug-env-1"]
    stand.now += 3600
    await stand.apply(spec(generation=2), fence=3)
    assert machine(stand)["created_at"] == after["created_at"], "once it is somebody's, its time does not begin anew"


async def test_a_spare_that_is_prepared_twice_is_one_and_taken_down_nothing_of_it_is_left(stand: Stand) -> None:
    await stand.engine.prepare(BARE, 1)
    before = machine(stand)
    await stand.engine.prepare(BARE, 2)
    assert machine(stand) == before
    assert stand.state() == THINGS
    await stand.engine.destroy("env-1", 3)
    assert stand.state() == []
    assert await stand.engine.observe() == ()
    assert not (stand.settings.environments / "env-1").exists()


async def test_who_claims_one_and_thinks_better_of_it_leaves_nothing(stand: Stand) -> None:
    await stand.engine.prepare(BARE, 1)
    stand.within.fail_next("it does not start")
    with pytest.raises(Exception, match="it does not start"):
        await stand.apply(spec(), fence=2)
    await stand.engine.abandon("env-1", 1, 3)
    assert stand.state() == []


async def test_what_machines_are_made_of_has_a_name_that_changes_with_it(stand: Stand) -> None:
    image = await stand.engine.pattern("demo")
    assert await stand.engine.pattern("demo") == image
    stand.set(variables={"image_id": "ami-1"})
    other = await stand.engine.pattern("demo")
    stand.set(variables={"image_id": "ami-2"})
    assert len({image, other, await stand.engine.pattern("demo")}) == 3
    stand.slow()
    first = await stand.engine.pattern("demo")
    (stand.settings.module / "main.tf").write_text("# another\n")
    assert await stand.engine.pattern("demo") != first


@pytest.mark.parametrize(
    "bare", [Bare("../x", "spare", "demo", "small"), Bare("e", "a b", "demo", "small"), Bare("e", "s", "de mo", "small")]
)
async def test_names_that_are_more_than_names_start_nothing(stand: Stand, bare: Bare) -> None:
    with pytest.raises(BadSpec):
        await stand.engine.prepare(bare, 1)
    assert bearers(stand.settings.mark) == []

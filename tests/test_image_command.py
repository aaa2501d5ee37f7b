"""`trellis image`, as an operator uses it; what the doctor and the page say of it; and settings that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.app.machines import programs_of
from bot.cli import parser
from bot.doctor_image import image as doctors
from bot.doctor_said import Finding
from bot.image import carry_out
from bot.settings import Settings, SettingsError, check
from bot.settings.terraform import NEEDED
from provisioner.engine import EngineFailed, EngineUnavailable, StageName
from tests.browser import signed_in
from tests.fakes.bakery import FakeBakery
from tests.web.test_pages import words
from tests.world import World, a_world


async def run(world: World, *line: str) -> int:
    assert world.parts.baking is not None
    return await carry_out(world.store, world.parts.baking, parser().parse_args(["image", *line]))


async def test_an_operator_bakes_looks_and_prunes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bakery = FakeBakery()
    async with a_world(tmp_path, bakery=bakery, image={"kept": 2}, terraform={"variables": {"image_id": "ami-0000aaaa"}}) as world:
        bakery.clock = lambda: world.clock.at
        said = await doctors(world.store, "ami-0000aaaa")
        assert (said.finding, "ami-0000aaaa is used" in said.words) == (Finding.WARNING, True)
        assert await run(world, "list") == 0
        assert "None was baked yet. Now: trellis image bake" in capsys.readouterr().out
        for _ in range(2):
            world.clock.advance(hours=1)
            assert await run(world, "bake") == 0
        out = capsys.readouterr().out
        assert "  setting up\n" in out
        assert out.endswith("✓ ami-00000002 is good, and machines are made of it from now on: version version1\n")
        assert (await doctors(world.store, "")).words == "ami-00000002, baked 0.0 s ago"

        world.clock.advance(hours=1)
        bakery.failures.append(EngineFailed(StageName.CONFIGURING, "docker: install it: no route to host"))
        assert await run(world, "bake") == 1
        assert (
            "✗ It could not be baked: docker: install it: no route to host. Machines are made of the last good" in capsys.readouterr().out
        )
        said = await doctors(world.store, "")
        assert said.finding is Finding.BAD
        assert said.words.endswith("In use is ami-00000002, baked 60 min 0 s ago. Try again: trellis image bake")
        async with signed_in(world, "dana") as web:
            page = words(await web.get("/system"))
        assert "ami-00000002 , version version1 , baked" in page
        assert "failed: docker: install it: no route to host" in page
        capsys.readouterr()
        await run(world, "list")
        rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:] if line[:1].strip()]
        assert [(row[0], row[4]) for row in rows] == [("-", "failed"), ("ami-00000002", "in"), ("ami-00000001", "ready")]
        await run(world, "list", "--json")
        assert [each["is_current"] for each in json.loads(capsys.readouterr().out)] == [False, True, False]

        bakery.failures.append(EngineUnavailable("AWS, starting a builder: InsufficientInstanceCapacity"))
        assert await run(world, "bake") == 1
        assert "InsufficientInstanceCapacity. A worker goes on with it." in capsys.readouterr().out
        assert "one is being baked, and has trouble: AWS" in (await doctors(world.store, "")).words
        assert await run(world, "bake") == 0, "the same one"
        assert len(bakery.started) == 4
        capsys.readouterr()
        assert await run(world, "prune") == 0
        assert capsys.readouterr().out == "Images taken away: 0\n"


GIVEN: dict[str, Any] = {"base_image_id": "ami-0123456789abcdef0", "security_group_id": "sg-1", "instance_profile": "trellis-builder"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"security_group_id": ""}, "TRELLIS_IMAGE__SECURITY_GROUP_ID is missing"),
        ({"instance_profile": ""}, "TRELLIS_IMAGE__INSTANCE_PROFILE is missing"),
        ({"channel": "C0LAB"}, "TRELLIS_IMAGE__CHANNEL is a channel of Slack"),
    ],
)
def test_what_a_builder_cannot_do_without_is_asked_for_by_its_name(more: dict[str, Any], why: str) -> None:
    variables = {each: "x" for each in NEEDED if each != "image_id"}
    whole: dict[str, Any] = {"engine": "terraform", "terraform": {"module": "branch-env", "variables": variables}, "traefik": {}}
    with pytest.raises(SettingsError, match=why):
        check(Settings(**whole, domain="env.example.net", image={**GIVEN, **more}))  # type: ignore[arg-type]
    check(Settings(**whole, domain="env.example.net", image=GIVEN))  # type: ignore[arg-type]


def test_programs_are_pinned_by_version_and_digest_and_come_from_their_projects_unless_it_is_said() -> None:
    pins = {
        "tilt": {"version": "0.1.2", "sha256": "a" * 64},
        "kind": {"version": "3", "sha256": "b" * 64, "url": "https://m.example/k-{version}"},
    }
    found = programs_of(Settings(terraform={"programs": pins}))  # type: ignore[arg-type]
    assert found["tilt"].url == "https://github.com/tilt-dev/tilt/releases/download/v0.1.2/tilt.0.1.2.linux.x86_64.tar.gz"
    assert (found["kind"].url, found["kind"].sha256) == ("https://m.example/k-3", "b" * 64)
    for wrong in (
        {"version": ""},
        {"sha256": "a" * 63},
        {"sha256": "A" * 64},
        {"url": "http://m.example/k"},
        {"url": "https://m.example/{{ x }}"},
        {"version": "{{ x }}"},
    ):
        with pytest.raises(ValidationError):
            Settings(terraform={"programs": {"kind": {"version": "1", "sha256": "a" * 64, **wrong}}})  # type: ignore[arg-type]


def test_an_image_without_machines_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="images are baked for machines"):
        check(Settings(image=GIVEN))  # type: ignore[arg-type]

"""`/ivy create` with `engine = "terraform"`: said in a terminal, made by real Terraform, updated, failed, taken down."""

from __future__ import annotations

from pathlib import Path

from tests.terraform.test_life import THINGS
from tests.world import a_world


def _things(folder: Path) -> list[str]:
    """What Terraform knows of, in all environments."""
    import json

    states = list((folder / "terraform" / "states").glob("*/terraform.tfstate"))
    resources = [each for state in states for each in json.loads(state.read_bytes())["resources"]]
    return sorted(f"{each['type']}.{each['name']}" for each in resources for _ in each["instances"])


async def test_an_environment_is_made_resized_and_taken_down_by_what_is_said(tmp_path: Path) -> None:
    async with a_world(tmp_path, engine="terraform", terraform={"program": "wheel"}) as world:
        data = world.settings.data_dir
        (said,) = await world.types("/ivy create lab:demo")
        assert said.splitlines()[0].startswith("✓ dana: demo-cd7qqd is ready after ")
        assert "http://demo-cd7qqd.localhost:8780" in said
        assert _things(data) == THINGS
        assert [each.size for each in world.engine.applied] == ["small"]

        world.lab["demo"] = "c" * 40
        await world.types("/ivy update demo-cd7qqd")
        assert [each.source.sha[0] for each in world.engine.applied] == ["b", "c"]
        assert _things(data) == THINGS

        await world.types("/ivy terminate demo-cd7qqd")
        assert _things(data) == []
        assert list((data / "terraform" / "environments").iterdir()) == []
        assert len(world.engine.destroyed) == 1

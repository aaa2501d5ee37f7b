"""Editors fetch the schema of `.dev-env.yaml` from us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain import devenv_file

if TYPE_CHECKING:
    from tests.world import World


async def test_the_schema_is_there_for_everybody(world: World) -> None:
    answer = await world.web.get("/schema/dev-env.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
    assert answer.json() == devenv_file.schema()

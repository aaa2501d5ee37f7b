"""The console talks to the same bus."""

from __future__ import annotations

from tests.world import World


async def test_a_line_in_a_terminal_makes_an_environment(world: World) -> None:
    assert await world.types("/ivy create lab:demo") == ["?"]
    assert await world.card() == "?"
    assert await world.types("list") == ["?"]
    assert await world.types("/ivy terminate") == ["?"]

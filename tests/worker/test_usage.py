"""What services use: written down with every look, drawn on the page, forgotten after half a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import usage
from bot.web.pages.usage import charts_of
from bot.worker.usage import Usage
from provisioner.engine import Observed, ServiceState
from tests.browser import signed_in

if TYPE_CHECKING:
    from tests.world import World


def seen(cpu_s: float | None, memory_mb: float | None = 10.0, pid: int = 1) -> tuple[Observed, ...]:
    return (Observed("e1", "demo-abcdef", 1, 1, "a" * 40, (ServiceState("web", True, 0, pid, memory_mb, cpu_s),)),)


async def samples(world: World) -> list[tuple[float, float | None]]:
    async with world.store.look() as look:
        found = await usage.of(look.connection, "e1", 0.0)
    return [(each.memory_mb, each.cpu) for each in found.get("web", ())]


async def test_cpu_is_what_was_used_between_two_looks_at_the_same_process(world: World) -> None:
    recorder = Usage(world.store)
    for cpu_s, pid in ((5.0, 1), (20.0, 1), (0.5, 2), (8.0, 2)):
        await recorder.record(seen(cpu_s, pid=pid))
        world.clock.advance(seconds=15)
    assert await samples(world) == [(10.0, None), (10.0, 1.0), (10.0, None), (10.0, 0.5)]


async def test_what_cannot_be_known_is_not_written(world: World) -> None:
    await Usage(world.store).record(seen(None, memory_mb=None))
    await Usage(world.store).record(())
    assert await samples(world) == []


async def test_it_is_forgotten_after_half_a_day(world: World) -> None:
    await Usage(world.store).record(seen(1.0))
    world.clock.advance(hours=12, seconds=1)
    await Usage(world.store).record(seen(2.0, memory_mb=20.0))
    assert await samples(world) == [(20.0, None)]


async def test_the_page_draws_it_as_long_as_there_is_something_to_draw(world: World) -> None:
    async with signed_in(world, "dana") as web:
        await web.sends("/create", project="lab", branch="demo")
        await world.settle()
        it = await world.environment()
        path = f"/environments/{it.slug}"
        assert "<figure>" not in (await web.get(path)).text
        recorder = Usage(world.store)
        for cpu_s in (0.0, 3.0, 9.0):
            service = ServiceState("web", True, 0, 1, 100.0 + cpu_s, cpu_s)
            await recorder.record((Observed(it.id, it.slug, 1, 1, it.sha, (service,)),))
            world.clock.advance(seconds=15)
        page = (await web.get(path)).text
    assert 'aria-label="web: memory, now 109 MB, at most 109 MB"' in page
    assert 'aria-label="web: CPU, now 40 %, at most 40 %"' in page


def test_a_peak_is_never_thinned_away() -> None:
    many = [usage.Sample("e1", "web", float(at), 900.0 if at == 777 else 10.0) for at in range(3000)]
    [chart] = charts_of({"web": many})
    assert "now 10 MB, at most 900 MB" in str(chart.chart)

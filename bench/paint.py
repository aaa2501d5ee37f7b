"""The dashboard's first paint in a real Chromium: with 10,000 environments beside 50."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import uvicorn

from bench import pages, parts
from bench.figures import CannotRun, Figure, Unit, at_most, p50

_FEW = 50
_PATHS = (("mine", "/"), ("everybody's", "/?show=all"))
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_PAINTED = "performance.getEntriesByName('first-contentful-paint').map(each => each.startTime)[0] || 0"


@dataclass(frozen=True)
class Size:
    environments: int = 10_000
    visits: int = 10


TINY = Size(60, 2)


async def run(size: Size = Size()) -> Sequence[Figure]:
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(_chromium())
        many = await stack.enter_async_context(_page(browser, size.environments))
        few = await stack.enter_async_context(_page(browser, _FEW))
        figures = []
        for name, path in _PATHS:
            ours, beside = await _measure((many, few), path, size.visits)
            label = f"first paint, {name}, {size.environments:,} environments, p50"
            figures.append(Figure(label, ours, Unit.MILLISECONDS, f"the same with {_FEW}", beside, at_most(2, is_ratio=True)))
    return figures


async def _measure(visited: tuple[tuple[Any, str], tuple[Any, str]], path: str, visits: int) -> tuple[float, float]:
    """Milliseconds at p50 from the beginning of the navigation, turn about."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(visits + 2):  # the first two warm up
        for samples, (page, base) in zip(took, visited, strict=True):
            await page.goto(base + path, wait_until="load")
            painted = await _painted(page)
            if number > 1:
                samples.append(painted)
    return p50(took[0]), p50(took[1])


async def _painted(page: Any) -> float:
    async with asyncio.timeout(20):
        while not (at := float(await page.evaluate(_PAINTED))):
            await asyncio.sleep(0.02)
    return at


@asynccontextmanager
async def _chromium() -> AsyncIterator[Any]:
    """Raises CannotRun where there is no browser, or nothing to drive it with."""
    path = next((found for each in (os.environ.get("TRELLIS_TEST_CHROMIUM", ""), *_NAMES) if each and (found := shutil.which(each))), None)
    if path is None:
        raise CannotRun("there is no Chromium here (apt-get install chromium)")
    try:
        playwright: Any = import_module("playwright.async_api")
    except ImportError:
        raise CannotRun("playwright is not installed: sh tools/browser.sh") from None
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=list(_ARGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def _page(browser: Any, count: int) -> AsyncIterator[tuple[Any, str]]:
    """A page of a browser that is signed in, and the address of its dashboard."""
    async with pages.site(count) as (app, cookies):
        [port] = parts.free_ports(1)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off", access_log=False))
        server.config.timeout_graceful_shutdown = 1
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        base = f"http://trellis.localhost:{port}"
        context = await browser.new_context(viewport={"width": 1280, "height": 860})
        await context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
        try:
            yield await context.new_page(), base
        finally:
            await context.close()
            app.state.watch.close()
            server.should_exit = True
            await serving

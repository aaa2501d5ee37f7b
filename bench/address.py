"""Comment → address answers: `/ivy create demo` until the first 200 through the proxy, and a script that clones and starts the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import aiohttp

from bench import parts, product
from bench.figures import CannotRun, Figure, Unit, at_most, p50
from bench.product import ListeningGitHub, Product
from bot import sample
from bot.domain.environment import slug_of
from processes import Order, start
from tests.fakes.forge import Request, User

_SCRIPT = Path(__file__).with_name("clone_and_start.sh")
_REF = "refs/heads/demo"
_LOOK_S = 0.02  # as the script does
_WITHIN_S = 20.0


@dataclass(frozen=True)
class Size:
    """Projects; each gets an environment and a run of the script. The first warms up."""

    projects: int = 8


TINY = Size(2)


async def run(size: Size = Size()) -> Sequence[Figure]:
    for tool in ("git", "curl", "python3"):
        if not shutil.which(tool):
            raise CannotRun(f"there is no {tool} on PATH")
    ours, theirs = [], []
    with ListeningGitHub() as github:
        async with parts.folder() as home:
            repositories = [sample.make(home / f"repository{number}") for number in range(size.projects)]
            projects = {f"p{number}": _project(number, path) for number, path in enumerate(repositories)}
            dana = github.user("dana", id=501, right="write")
            async with product.running(github, projects) as running:
                for number, repository in enumerate(repositories):
                    here = github.project(f"acme/p{number}", id=100 + number)
                    pull = github.change_request(here, number=7, branch="demo", author=dana)
                    ours.append(await _by_comment(running, pull, dana))
                    theirs.append(await _by_script(home / f"clone{number}", repository))
    ours_ms, theirs_ms = p50(ours[1:]) * 1000, p50(theirs[1:]) * 1000
    return (
        Figure(
            "comment → address answers",
            ours_ms,
            Unit.MILLISECONDS,
            "a script: clone, check out, start",
            theirs_ms,
            at_most(1.5, is_ratio=True),
        ),
    )


def _project(number: int, path: Path) -> dict[str, object]:
    return {"forge": "github", "id": 100 + number, "path": f"acme/p{number}", "clone_url": path}


async def _by_comment(running: Product, pull: Request, dana: User) -> float:
    """Seconds. The environment stays, as does the script's service, until all is measured."""
    project = pull.project
    slug = slug_of(f"{project.name}:{project.id}", str(project.id), _REF, "")
    delivery = running.github.says(pull, dana, "/ivy create demo")
    began = perf_counter()
    await running.deliver(delivery)
    async with asyncio.timeout(_WITHIN_S):
        while not await _answers(running, f"{slug}.localhost:{running.proxy_port}"):
            await asyncio.sleep(_LOOK_S)
    return perf_counter() - began


async def _answers(running: Product, host: str) -> bool:
    try:
        async with running.session.get(f"http://127.0.0.1:{running.proxy_port}/", headers={"Host": host}) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _by_script(clone: Path, repository: Path) -> float:
    head = subprocess.run(["git", "-C", repository, "rev-parse", _REF], capture_output=True, text=True, check=True).stdout.strip()
    [port] = parts.free_ports(1)
    began = perf_counter()
    async with _script((str(repository), str(clone), head, str(port)), clone) as said:
        async with asyncio.timeout(_WITHIN_S):
            line = await asyncio.to_thread(os.read, said, 100)
        took = perf_counter() - began
    if line != b"answers\n":
        raise RuntimeError(f"{_SCRIPT.name} ended before its service answered")
    return took


@asynccontextmanager
async def _script(words: tuple[str, ...], clone: Path) -> AsyncIterator[int]:
    """The script with its service until the end of the block; gives what it says."""
    hears, says = os.pipe()
    try:
        order = Order(("sh", str(_SCRIPT), *words), clone.parent, dict(os.environ), mark=parts.MARK)
        child = await start(order, out=says)
        os.close(says)
        try:
            yield hears
        finally:
            await child.stop(0.5)
    finally:
        os.close(hears)

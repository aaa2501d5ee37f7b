"""Command → deployed: many services brought to this host at once, and again with nothing to change; beside the bare `python deploy.py`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import aiohttp

from bench import parts, product
from bench.figures import Figure, Unit, at_most, p50, p95
from bench.product import ListeningGitHub, Product
from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.ids import new_id
from bot.store.database import Database
from bot.store.store import Store
from processes import Order, start

PROGRAM = """\
import libdeploy as d


def deploy(target):
    return [d.host.binary("program")]


if __name__ == "__main__":
    d.main(deploy)
"""
_WITHIN_S = 120.0
_OURS, _BARE = "dev", "bare"


@dataclass(frozen=True)
class Size:
    """`rounds` of deploys that replace what ran, `at_once` in each; then `repeats` that change nothing, one by one. Two more warm up."""

    at_once: int = 20
    rounds: int = 10
    repeats: int = 20


TINY = Size(2, 1, 1)


@dataclass(frozen=True)
class Build:
    service: str
    commit: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


async def run(size: Size = Size()) -> Sequence[Figure]:
    services = [f"s{number}" for number in range(size.at_once)]
    settings = {
        "TRELLIS_SERVICES": json.dumps({each: {"project": "lab"} for each in services}),
        "TRELLIS_DEPLOY": json.dumps({"environments": {_OURS: {}}}),
    }
    with ListeningGitHub() as github:
        async with product.running(github, {"lab": {"forge": "local", "clone_url": "/nowhere"}}, settings) as running:
            rounds = [[_build(each, number) for each in services] for number in range(size.rounds + 1)]
            await _register(running, [build for each in rounds for build in each])
            ours, bare = await _replace(running, rounds)
            ours_again, bare_again = await _repeat(running, rounds[-1][0], size.repeats)
    beside = f"python deploy.py, {size.at_once} at once"
    added = p50(ours_again) - p50(bare_again)
    return (
        Figure(f"a deploy, {size.at_once} at once, p95", p95(ours), Unit.MILLISECONDS, beside, p95(bare), at_most(15_000)),
        Figure("added to a deploy with nothing to change", added, Unit.MILLISECONDS, "python deploy.py", p50(bare_again), at_most(1000)),
    )


def _build(service: str, number: int) -> Build:
    content = f"#!/bin/sh\n# {service} {number}\nexec sleep 3600\n".encode()
    return Build(service, hashlib.sha1(content).hexdigest(), content)


async def _register(running: Product, builds: Sequence[Build]) -> None:
    """As CI would: the file where this host's Trellis fetches from, and a row."""
    pushed = running.home / "artifacts" / "pushed"
    pushed.mkdir(parents=True, exist_ok=True)
    store = Store(Database(f"sqlite+aiosqlite:///{running.home / 'trellis.db'}"))
    try:
        async with store.transaction() as transaction:
            for build in builds:
                file = pushed / build.sha256
                file.write_bytes(build.content)
                await transaction.artifacts.add(_artifact(build, file.as_uri(), transaction.now))
    finally:
        await store.database.close()


def _artifact(build: Build, address: str, now: float) -> Artifact:
    return Artifact(
        id=new_id(),
        service=build.service,
        kind=ArtifactKind.BINARY,
        sha256=build.sha256,
        address=address,
        project="lab",
        commit=build.commit,
        program=PROGRAM,
        registered_at=now,
        registered_by="trellis",
        merged_at=now,
    )


async def _replace(running: Product, rounds: Sequence[Sequence[Build]]) -> tuple[list[float], list[float]]:
    """Milliseconds of each, turn about; the first round has nothing to replace and warms up."""
    ours, bare = list[float](), list[float]()
    for number, builds in enumerate(rounds):
        by_trellis = await asyncio.gather(*(_timed(_by_trellis(running, each)) for each in builds))
        by_hand = await asyncio.gather(*(_timed(_by_hand(running, each)) for each in builds))
        if number:
            ours += by_trellis
            bare += by_hand
    return ours, bare


async def _repeat(running: Product, build: Build, times: int) -> tuple[list[float], list[float]]:
    ours, bare = list[float](), list[float]()
    for _ in range(times + 1):
        ours.append(await _timed(_by_trellis(running, build)))
        bare.append(await _timed(_by_hand(running, build)))
    return ours[1:], bare[1:]


async def _timed(work: Awaitable[None]) -> float:
    began = perf_counter()
    await work
    return (perf_counter() - began) * 1000


async def _by_trellis(running: Product, build: Build) -> None:
    """As `trellis say --wait` does it. Raises RuntimeError when it was not done."""
    at, token = f"http://127.0.0.1:{running.port}/console", (running.home / "console.token").read_text()
    body = {"text": f"/sled deploy {build.service}@{build.commit} --to {_OURS}", "person": f"bench-{build.service}", "thread": ""}
    fresh = aiohttp.TCPConnector(force_close=True)  # one that rested may be closed by the server just as it is used
    async with asyncio.timeout(_WITHIN_S), aiohttp.ClientSession(connector=fresh) as session:
        said = await _asked(session.post(f"{at}/say", json=body, headers={"authorization": f"Bearer {token}"}))
        heard: dict[str, Any] = {"is_settled": False, "lines": [], "states": []}
        after = said["after"]
        while not heard["is_settled"] or heard["lines"]:
            query = {"thread": said["thread"], "key": said["key"], "after": str(after), "wait_s": "20"}
            heard = await _asked(session.get(f"{at}/heard", params=query, headers={"authorization": f"Bearer {token}"}))
            after = max([after, *(line["version"] for line in heard["lines"])])
    if heard["states"] != ["done"]:
        raise RuntimeError(f"{body['text']} ended as {heard['states']}")


async def _asked(request: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> dict[str, Any]:
    async with request as answer:
        answer.raise_for_status()
        found: dict[str, Any] = await answer.json()
    return found


async def _by_hand(running: Product, build: Build) -> None:
    """The same program, by the same keeper, in another environment. Raises RuntimeError when it was not done."""
    folder = running.home / "bare" / build.service
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deploy.py").write_text(PROGRAM)
    (folder / "target.json").write_text(json.dumps(_target(build)))
    deploys = running.home / "deploys"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LIBDEPLOY_ROOT": str(deploys / "releases"),
        "LIBDEPLOY_MANAGER": str(deploys / "programs.sock"),
    }
    words = ("deploy.py", "--target", "target.json", "--artifact", str(running.home / "artifacts" / "pushed" / build.sha256))
    child = await start(Order(parts.python(*words), folder, env, folder / "log", mark=parts.MARK))
    ended = await child.wait()
    if ended.code != 0:
        raise RuntimeError(f"deploy.py ended with {ended.code}: {(folder / 'log').read_text()[-300:]}")


def _target(build: Build) -> dict[str, object]:
    artifact = {"kind": "binary", "sha256": build.sha256, "address": "bare", "commit": build.commit, "version": ""}
    environment = {"name": _BARE, "namespace": _BARE}
    return {"version": 1, "service": build.service, "environment": environment, "artifact": artifact, "config": {}}

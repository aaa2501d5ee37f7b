"""Comment → first reply: from sending the webhook to GitHub being asked to show the bot's first sign."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from github import Auth, Github

from bench import product
from bench.figures import Figure, Unit, at_most, p50, p99
from bench.product import ListeningGitHub, Product
from tests.fakes.forge import Request, User

_WITHIN_S = 10.0
_SEEN, _DONE = {"eyes"}, {"+1", "confused"}


@dataclass(frozen=True)
class Size:
    comments: int = 150


TINY = Size(3)


async def run(size: Size = Size()) -> Sequence[Figure]:
    with ListeningGitHub() as github:
        shop = github.project("acme/shop", id=42)
        dana = github.user("dana", id=501, right="write")
        pull = github.change_request(shop, number=7, branch="demo", author=dana)
        projects = {"shop": {"forge": "github", "id": 42, "path": "acme/shop", "clone_url": "/nowhere"}}
        async with product.running(github, projects) as running:
            ours, bare = await _measure(running, pull, dana, size.comments)
    return (
        Figure("comment → first reply, p50", p50(ours), Unit.MILLISECONDS, "one bare PyGithub call to react", p50(bare), at_most(50)),
        Figure("comment → first reply, p99", p99(ours), Unit.MILLISECONDS, "one bare PyGithub call to react", p99(bare), at_most(250)),
    )


async def _measure(running: Product, pull: Request, dana: User, comments: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the bot, and of the call that it cannot do without, turn about."""
    github = running.github
    client = Github(
        auth=Auth.Token(github.token),
        base_url=github.url,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )
    ours, bare = [], []
    for number in range(comments + 2):  # the first two warm up
        delivery = github.says(pull, dana, "/ivy whoami")
        assert delivery.comment is not None
        began = perf_counter()
        await running.deliver(delivery)
        seen = await asyncio.to_thread(github.wait_for, delivery.comment.id, _SEEN, _WITHIN_S)
        await asyncio.to_thread(github.wait_for, delivery.comment.id, _DONE, _WITHIN_S)
        there = github.add_comment(pull, dana, "words")
        called = perf_counter()
        await asyncio.to_thread(_react, client, there.id)
        asked = await asyncio.to_thread(github.wait_for, there.id, {"rocket"}, _WITHIN_S)
        if number > 1:
            ours.append((seen.at - began) * 1000)
            bare.append((asked.at - called) * 1000)
    client.close()
    return ours, bare


def _react(client: Github, comment: int) -> None:
    client.get_repo("acme/shop").get_issue(7).get_comment(comment).create_reaction("rocket")

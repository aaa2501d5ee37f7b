"""A look at an account of 5,000 instances, page by page: all of it, beside what reading the pages alone takes boto3."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import msgspec
from sqlalchemy import insert

from bench import parts
from bench.figures import CannotRun, Figure, Unit, at_most, p50
from bench.pages import an_environment
from bot.app.edges import projects_of
from bot.app.strays import patience_of
from bot.app.terms import limits_of
from bot.domain.strays import Kind
from bot.settings import Settings
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.store.tables import environments
from bot.worker.adopt import Adoption
from bot.worker.leasing import Holder
from bot.worker.runtime import EngineRuntime
from bot.worker.strays import Account, Strays, Sweeping
from provisioner import ec2
from tests.fakes.engine import FakeEngine, FakeRepositories

_PAGE = 500
_OF_NOBODY = 7
"""So many machines are of nobody."""


@dataclass(frozen=True)
class Size:
    instances: int = 5_000
    rounds: int = 5


TINY = Size(60, 2)


class States:
    """A state for each environment, at no cost: listing them is a request for a thousand."""

    def __init__(self, ids: frozenset[str]) -> None:
        self._ids = ids

    async def all(self) -> frozenset[str]:
        return self._ids

    async def machines(self, environment: str) -> frozenset[str]:
        return frozenset({f"i-{environment}"})


async def run(size: Size = Size()) -> Sequence[Figure]:
    async with parts.folder() as home:
        settings = Settings(data_dir=home)
        store = Store(Database(settings.sql_url))
        try:
            await migrate(store.database)
            rows: list[dict[str, Any]] = [msgspec.to_builtins(an_environment(number, is_live=True)) for number in range(size.instances)]
            async with store.database.write() as connection:
                for first in range(0, len(rows), _PAGE):
                    await connection.execute(insert(environments), rows[first : first + _PAGE])
            ids = [row["id"] for row in rows]
            return await _measure(settings, store, ids, size)
        finally:
            await store.database.close()


async def _measure(settings: Settings, store: Store, ids: Sequence[str], size: Size) -> Sequence[Figure]:
    client = _client([*ids, *(f"nobody-{number}" for number in range(_OF_NOBODY))])
    engine, repositories = FakeEngine(FakeRepositories()), FakeRepositories()
    account = Account(ec2.Ec2Machines(client), States(frozenset(ids)), has_all=True)
    holder, runtime = Holder(store, "bench", 30), EngineRuntime(engine, repositories)
    adoption = Adoption(store, {}, limits_of(settings), settings.host_id)
    strays = Strays(holder, engine, runtime, adoption, Sweeping(account, projects_of(settings), patience_of(settings), 600, is_dry=True))
    ours, bare = [], []
    for _ in range(size.rounds):
        began = perf_counter()
        found = await strays.look()
        ours.append((perf_counter() - began) * 1000)
        if [stray.kind for stray, _ in found] != [Kind.UNKNOWN] * _OF_NOBODY:
            raise RuntimeError(f"{len(found)} strays were found instead of {_OF_NOBODY}")
        began = perf_counter()
        await asyncio.to_thread(_read, client)
        bare.append((perf_counter() - began) * 1000)
    label = f"a look at {size.instances:,} instances in pages of {_PAGE}, p50"
    return [Figure(label, p50(ours), Unit.MILLISECONDS, "the pages read by boto3", p50(bare), at_most(3, is_ratio=True))]


def _read(client: Any) -> int:
    pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": _PAGE})
    return sum(len(page["Reservations"]) for page in pages)


def _client(ids: Sequence[str]) -> Any:
    """boto3's own, whose requests are answered here with what EC2 would send."""
    try:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - of an extra

        made = ec2.client("ec2", region="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    except ImportError:
        raise CannotRun("boto3 is not installed") from None
    pages = [ids[first : first + _PAGE] for first in range(0, len(ids), _PAGE)]
    bodies = [_page(page, number + 1 if number + 1 < len(pages) else None) for number, page in enumerate(pages)]

    class Raw:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def stream(self, *_: object, **__: object) -> list[bytes]:
            return [self.body]

    def answer(request: Any, **_: object) -> Any:
        asked = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        number = int(asked.partition("NextToken=")[2].partition("&")[0] or 0)
        return AWSResponse(request.url, 200, {"content-type": "text/xml"}, Raw(bodies[number]))

    made.meta.events.register("before-send.ec2.DescribeInstances", answer)
    return made


def _page(ids: Sequence[str], after: int | None) -> bytes:
    items = "".join(_ITEM.format(id=id_) for id_ in ids)
    more = f"<nextToken>{after}</nextToken>" if after else ""
    return (
        f'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>{items}</reservationSet>{more}'
        "</DescribeInstancesResponse>"
    ).encode()


_ITEM = (
    "<item><reservationId>r-1</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item><instanceId>i-{id}</instanceId>"
    "<imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState><instanceType>t3.large</instanceType>"
    "<launchTime>2026-11-30T10:00:00.000Z</launchTime><privateIpAddress>10.20.1.7</privateIpAddress><tagSet>"
    "<item><key>trellis:environment</key><value>{id}</value></item><item><key>trellis:slug</key><value>demo-1</value></item>"
    "<item><key>trellis:project</key><value>shop</value></item><item><key>Name</key><value>trellis-demo-1</value></item>"
    "</tagSet></item></instancesSet></item>"
)

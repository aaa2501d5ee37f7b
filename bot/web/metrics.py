"""`GET /metrics`: what this process counted, and what the database says of the whole. Read from this machine, or with a token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from bot.domain.environment import State
from bot.domain.strays import Kind
from bot.meters import REGISTRY
from bot.store.store import Store
from bot.store.whole import Whole, whole
from bot.web.site import is_asked_by_this_machine

log = structlog.get_logger()

_PATIENCE_S = 5.0
_STATES = tuple(state.value for state in State if state is not State.GONE)


@dataclass(frozen=True)
class Readers:
    """Who may read metrics: whoever names the token; without one, this machine."""

    token: str = ""

    def may_read(self, connection: HTTPConnection) -> bool:
        if not self.token:
            return is_asked_by_this_machine(connection)
        given = connection.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self.token}".encode())


class _All:
    """The registry and what was just learned, as one."""

    def __init__(self, more: Sequence[Metric]) -> None:
        self._more = more

    def collect(self) -> Iterable[Metric]:
        yield from REGISTRY.collect()
        yield from self._more


def closed() -> Response:
    return PlainTextResponse("Metrics are for this machine, or for whoever has the token (TRELLIS_METRICS__TOKEN).\n", 403)


def exposition(accept: str, more: Sequence[Metric] = ()) -> Response:
    """Everything in the format that was asked for."""
    encode, content_type = choose_encoder(accept)
    everything: Any = _All(more)  # of a registry no more is asked
    return Response(encode(everything), headers={"content-type": content_type})


async def _families(store: Store, platforms: Sequence[str]) -> list[Metric]:
    up = GaugeMetricFamily("trellis_database_up", "Whether the database answers; without it nothing is known of the whole.")
    try:
        async with asyncio.timeout(_PATIENCE_S), store.look() as look:
            found = await whole(look.connection, look.now, platforms)
    except Exception as error:  # noqa: BLE001 - the numbers of this process are told all the same
        log.warning("metrics_without_database", reason=repr(error))
        up.add_metric([], 0)
        return [up]
    up.add_metric([], 1)
    return [up, *_of_the_whole(found)]


def _of_the_whole(found: Whole) -> list[Metric]:
    queues = found.health.queues
    rows = {
        ("trellis_environments", "Environments there are, by state.", "state"): {
            state: float(found.environments.get(state, 0)) for state in _STATES
        },
        ("trellis_queue_waiting", "Rows that wait, due or not.", "queue"): {each.name: float(each.waiting) for each in queues},
        ("trellis_queue_due", "Rows that somebody should be working on.", "queue"): {each.name: float(each.due) for each in queues},
        ("trellis_queue_late_seconds", "How long the oldest due row has been due.", "queue"): {each.name: each.late_s for each in queues},
        ("trellis_queue_dead", "Rows that were given up.", "queue"): {each.name: float(each.dead) for each in queues},
        ("trellis_strays", "Found in the account without a counterpart, by kind.", "kind"): {
            kind.value: float(sum(each.kind is kind for each in found.health.strays)) for kind in Kind
        },
        ("trellis_paused_seconds", "How much longer a platform is left in peace, as it asked.", "platform"): found.paused_s,
    }
    families: list[Metric] = []
    for (name, words, label), values in rows.items():
        family = GaugeMetricFamily(name, words, labels=[label])
        for value, number in values.items():
            family.add_metric([value], number)
        families.append(family)
    families.append(GaugeMetricFamily("trellis_workers", "Workers that live.", value=len(found.health.workers)))
    return [*families, GaugeMetricFamily("trellis_leases_held", "Rows that somebody works on.", value=len(found.health.held))]


def router(store: Store, readers: Readers, platforms: Sequence[str]) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not readers.may_read(request):
            return closed()
        return exposition(request.headers.get("accept", ""), await _families(store, platforms))

    return routes

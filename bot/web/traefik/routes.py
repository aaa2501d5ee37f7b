"""The central Traefik's configuration, made from the rows when anything happened, and kept until something does."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bot.domain.environment import State
from bot.store import routing
from bot.store.routing import Happened, Routed
from bot.store.store import Store
from provisioner.traefik.central import Central, Leads, Route, configuration
from provisioner.traefik.names import proof_of

_AT_MOST_S = 30.0
"""However little seems to have happened, the rows are read again after so long."""

_HOST = re.compile(r"https?://([a-z0-9.-]+)(?:[:/]|$)")
_ANSWERING = frozenset({State.READY, State.UPDATING})


@dataclass(frozen=True)
class Made:
    """A configuration as it is sent."""

    body: bytes
    tag: str
    of: Happened
    at: float


@dataclass
class Routes:
    """`keeper` is the keeper's own proxy, which says itself of its environments that they are paused: who visits one wakes it."""

    store: Store
    central: Central
    key: bytes
    keeper: str

    def __post_init__(self) -> None:
        self._made: Made | None = None
        self._lock = asyncio.Lock()

    async def made(self) -> Made:
        async with self._lock, self.store.look() as look:
            of = await routing.happened(look.connection)
            if self._made and self._made.of == of and time.monotonic() - self._made.at < _AT_MOST_S:
                return self._made
            rows = await routing.routed(look.connection)
            body = await asyncio.to_thread(self.body, rows)
            tag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
            self._made = Made(body, tag, of, time.monotonic())
            return self._made

    def body(self, rows: Sequence[Routed]) -> bytes:
        return msgspec.json.encode(configuration(self.central, map(self.route, rows)))

    def route(self, row: Routed) -> Route:
        labels = tuple(dict.fromkeys((row.slug, *_labels(row, self.central.domain))))
        if not row.upstream:  # the keeper's, or a machine that is not there yet
            is_rising = row.state not in {*_ANSWERING, State.PAUSED, State.FAILED}
            return Route(row.slug, labels, self.keeper, Leads.WAITING if is_rising else Leads.THERE)
        leads = Leads.THERE if row.state in _ANSWERING else Leads.PAUSED if row.state is State.PAUSED else Leads.WAITING
        return Route(row.slug, labels, row.upstream, leads, proof_of(self.key, row.id))


def _labels(row: Routed, domain: str) -> list[str]:
    """The first labels of its services' host names; an address elsewhere is none of ours."""
    hosts = [match[1] for url in row.urls if (match := _HOST.match(url))]
    labels = [host.removesuffix(f".{domain}") for host in hosts if host.endswith(f".{domain}")]
    return [label for label in labels if label == row.slug or label.endswith(f"--{row.slug}")]

"""What each source lists: asked of its exchange once a day by whoever leads, and kept in NATS KV."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import ccxt
import msgspec
import structlog
from nats import errors
from nats.js.errors import Error as JetStreamError
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from feeds.exchanges import dialect
from feeds.exchanges.dialect import Malformed
from feeds.instruments import NoInstrument, token
from feeds.lease import Lease
from feeds.line import exchange_of
from feeds.resting import rest
from feeds.settings import Source

_log = structlog.get_logger()
DAY_S = 24 * 3600.0
_LOOK_S, _AGAIN_S, _ANSWER_S = 1.0, 60.0, 60.0
_MOST = 20_000
"""So many names fit one message of NATS."""


class Listed(msgspec.Struct, frozen=True):
    """Tokens, as of `at`, seconds since 1970, and of whom."""

    at: float
    of: Source
    instruments: list[str]


class Listing:
    """Asks one source after the other; who was asked today, by this leader or by one before it, is not asked again."""

    def __init__(self, bucket: KeyValue, sources: Sequence[Source], lease: Lease) -> None:
        self._bucket, self._sources, self._lease = bucket, sources, lease
        self._due: dict[Source, float] = {}

    async def run(self) -> None:
        """Until cancelled. What cannot be had now is asked for a minute later; what was known stays."""
        while True:
            for source in self._sources:
                if self._due.get(source, 0.0) <= time.monotonic():
                    self._due[source] = time.monotonic() + await self._look(source)
            await rest(_LOOK_S)

    async def _look(self, source: Source) -> float:
        """In how many seconds to look again."""
        try:
            known = await kept(self._bucket, key_of(source.name, source.market))
            if known and known.of == source and (left := known.at + DAY_S - time.time()) > 0:
                return min(left, DAY_S)
            found = Listed(time.time(), source, await listed_by(source))
            if self._lease.is_valid:
                await self._bucket.put(key_of(source.name, source.market), msgspec.json.encode(found))
        except (ccxt.BaseError, Malformed, errors.Error, JetStreamError, OSError, TimeoutError) as problem:
            _log.warning("feeds_listing_failed", source=source.name, market=source.market, problem=str(problem)[:200])
            return _AGAIN_S
        return DAY_S


def key_of(source: str, market: str) -> str:
    return f"{source}.{market}"


async def kept(bucket: KeyValue, key: str) -> Listed | None:
    """What is known of a source; None where nobody asked it yet, or one of another version wrote it. Raises a NATS error."""
    try:
        return msgspec.json.decode((await bucket.get(key)).value or b"", type=Listed)
    except (KeyNotFoundError, msgspec.DecodeError):
        return None


async def listed_by(source: Source) -> list[str]:
    """Tokens, in order. Raises an error of ccxt, Malformed, TimeoutError."""
    exchange = exchange_of(source)
    try:
        async with asyncio.timeout(_ANSWER_S):
            names = await dialect(source.exchange, source.market).listed(exchange)
    finally:
        await exchange.close()
    found = sorted({each for each in names if _is_token(each)})
    if not found or len(found) > _MOST:
        raise Malformed(f"it lists {len(found)} instruments")
    return found


def _is_token(name: str) -> bool:
    """Dated ones, and what is written in other letters, cannot be asked for."""
    try:
        return token(name) == name
    except NoInstrument:
        return False

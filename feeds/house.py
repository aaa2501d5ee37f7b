"""What is in NATS: the recording, the interest, the lease. And how one connects to it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BucketNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from feeds.encryption import NOBODYS, Trust, options
from feeds.interests import BUCKET, Interests
from feeds.resting import heed, rest

_log = structlog.get_logger()
RECORDING = "MARKET"
LEASES = "feeds_leases"
CONTINUITY = "feeds_continuity"
LISTED = "feeds_listed"
_TRIES = 10
_AGAIN_S = 0.2
_ANSWER_S = 1
_SENT_WITHIN_S = 30.0


async def connect(url: str, user: str = "", password: str = "", name: str = "", trust: Trust = NOBODYS) -> Client:
    """A connection that comes back for as long as it takes, to any of a cluster's servers (`tls://a:4222,tls://b:4222`).

    Raises FeedsCannotStart for certificates that are none.
    """

    async def note(problem: Exception) -> None:
        say = _log.warning if isinstance(problem, ssl.SSLError) else _log.debug
        say("feeds_nats", problem=str(problem))

    return await nats.connect(
        url.split(","),
        user=user or None,
        password=password or None,
        name=name,
        error_cb=note,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        ping_interval=5,
        **options(url, trust),
    )


async def sent(client: Client) -> None:
    """All that was written is with NATS. Raises TimeoutError where it is not within 30 s, and an error of NATS for a closed connection.

    Where the connection is made anew meanwhile the client forgets what it waits for, so it asks again.
    """
    async with asyncio.timeout(_SENT_WITHIN_S):
        while True:
            with contextlib.suppress(nats.errors.FlushTimeoutError):
                await client.flush(_ANSWER_S)
                return
            heed()


@dataclass(frozen=True)
class House:
    """The JetStream side."""

    jetstream: JetStreamContext
    interests: Interests
    leases: KeyValue
    continuity: KeyValue
    listed: KeyValue


async def furnish(client: Client, record_hours: float, record_mb: int, replicas: int = 1) -> House:
    """Make what is not there, and bring the recording to what it is to hold."""
    jetstream = client.jetstream(timeout=5)
    recording = StreamConfig(
        name=RECORDING,
        subjects=["market.data.>"],
        max_age=record_hours * 3600,
        max_bytes=record_mb * 1024 * 1024,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        num_replicas=replicas,
    )
    await _keep(jetstream, recording)
    interests = Interests(jetstream, await _bucket(jetstream, BUCKET, replicas))
    leases, continuity, listed = [await _bucket(jetstream, name, replicas) for name in (LEASES, CONTINUITY, LISTED)]
    return House(jetstream, interests, leases, continuity, listed)


async def _keep(jetstream: JetStreamContext, recording: StreamConfig) -> None:
    """Raises a JetStream error."""
    for left in reversed(range(_TRIES)):
        try:
            if await _is_kept(jetstream):
                await jetstream.update_stream(recording)
            else:
                await jetstream.add_stream(recording)
        except APIError:  # another one may be making it at this moment, which takes the room for it
            if not left:
                raise
            await rest(_AGAIN_S)
        else:
            return


async def _is_kept(jetstream: JetStreamContext) -> bool:
    try:
        await jetstream.stream_info(RECORDING)
    except NotFoundError:
        return False
    return True


async def _bucket(jetstream: JetStreamContext, name: str, replicas: int) -> KeyValue:
    try:
        return await jetstream.key_value(name)
    except BucketNotFoundError:
        return await jetstream.create_key_value(bucket=name, history=1, storage=StorageType.FILE, replicas=replicas)

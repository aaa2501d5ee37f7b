"""To say and read what environments want, beside a multiplexer that runs."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import nats
import nats.errors
from nats.aio.client import Client

from feeds import house
from feeds.encryption import NOBODYS, Trust, options, trust_of
from feeds.house import House
from feeds.interests import Interests
from feeds.listing import kept, key_of
from feeds.report import ASKED_ON, ROLLED_ON, Report
from feeds.resting import rest
from feeds.settings import FeedsCannotStart, FeedsSettings

_WITHIN_S = 5.0
_TRIES, _AGAIN_S = 5, 0.1
_NO_ANSWER = "it took too long"


async def _quietly(_: Exception) -> None:
    """What goes wrong is raised where it is waited for; without this the library writes a traceback as well."""


async def _signing_in(settings: FeedsSettings) -> tuple[str, str]:
    """Where, and with which password."""
    if settings.nats_url:
        return settings.nats_url, settings.nats_password
    kept = settings.folder / "nats" / "nats.password"
    if not await asyncio.to_thread(kept.is_file):
        raise FeedsCannotStart("no NATS server of ours was ever started here: run trellis feeds")
    return f"nats://127.0.0.1:{settings.nats_port}", (await asyncio.to_thread(kept.read_text)).strip()


@asynccontextmanager
async def visit(settings: FeedsSettings) -> AsyncIterator[Interests]:
    """What is wanted, just read. Raises FeedsCannotStart."""
    async with enter(settings) as rooms:
        await rooms.interests.has_changed()
        yield rooms.interests


async def all_listed(settings: FeedsSettings) -> dict[tuple[str, str], frozenset[str]]:
    """What each source and market lists, where that is known. Raises FeedsCannotStart, and a NATS error."""
    async with enter(settings) as rooms:
        names = {(each.name, str(each.market)): await kept(rooms.listed, key_of(each.name, each.market)) for each in settings.sources}
    return {key: frozenset(found.instruments) for key, found in names.items() if found}


@asynccontextmanager
async def enter(settings: FeedsSettings) -> AsyncIterator[House]:
    """Raises FeedsCannotStart."""
    url, password = await _signing_in(settings)
    try:
        async with asyncio.timeout(_WITHIN_S):
            client = await _connect(url, settings.nats_user, password, trust_of(settings))
    except (nats.errors.Error, OSError, TimeoutError) as problem:
        raise FeedsCannotStart(f"NATS does not answer at {url}: {str(problem) or _NO_ANSWER}") from problem
    try:
        yield await house.furnish(client, settings.record_hours, settings.record_mb, settings.nats_replicas)
    finally:
        await client.close()


async def told_of(settings: FeedsSettings, environment: str) -> Report:
    """What the multiplexer that leads knows of an environment's feed. Raises FeedsCannotStart."""
    answer = await _asked(settings, f"{ASKED_ON}.{environment}")
    try:
        return msgspec.json.decode(answer, type=Report)
    except msgspec.DecodeError as problem:
        raise FeedsCannotStart(f"the multiplexer is of another version: {problem}") from problem


async def roll(settings: FeedsSettings, source: str, market: str) -> str:
    """Have the one that leads exchange its connection for a new one; its answer. Raises FeedsCannotStart."""
    return (await _asked(settings, f"{ROLLED_ON}.{source}.{market}")).decode()


async def _asked(settings: FeedsSettings, subject: str) -> bytes:
    url, password = await _signing_in(settings)
    try:
        async with asyncio.timeout(_WITHIN_S):
            client = await _connect(url, settings.nats_user, password, trust_of(settings))
    except (nats.errors.Error, OSError, TimeoutError) as problem:
        raise FeedsCannotStart(f"NATS does not answer at {url}: {str(problem) or _NO_ANSWER}") from problem
    try:
        answer = await client.request(subject, timeout=_WITHIN_S)
        return bytes(answer.data)
    except nats.errors.NoRespondersError:
        raise FeedsCannotStart("no multiplexer leads: run trellis feeds") from None
    except (nats.errors.Error, OSError, TimeoutError) as problem:
        raise FeedsCannotStart(f"the multiplexer does not answer: {str(problem) or _NO_ANSWER}") from problem
    finally:
        await client.close()


async def _connect(url: str, user: str, password: str, trust: Trust, tries: int = _TRIES) -> Client:
    """Whoever comes while NATS reads its configuration anew may be cut off: they come again."""
    try:
        return await nats.connect(
            url.split(","),
            user=user,
            password=password,
            allow_reconnect=False,
            max_reconnect_attempts=0,
            connect_timeout=_WITHIN_S,
            error_cb=_quietly,
            **options(url, trust),
        )
    except (nats.errors.UnexpectedEOF, ConnectionResetError, BrokenPipeError):
        if tries <= 1:
            raise
    await rest(_AGAIN_S)
    return await _connect(url, user, password, trust, tries - 1)


async def is_let_in(url: str, environment: str, password: str, trust: Trust = NOBODYS) -> bool:
    """Whether NATS takes these. Who is turned away may see no more than an end. Raises FeedsCannotStart where there is no NATS at all."""
    try:
        client = await _connect(url, environment, password, trust)
    except (ConnectionRefusedError, nats.errors.NoServersError, socket.gaierror, ssl.SSLError) as problem:
        raise FeedsCannotStart(f"NATS does not answer at {url}: {problem}") from problem
    except (nats.errors.Error, OSError, TimeoutError):
        return False
    await client.close()
    return True

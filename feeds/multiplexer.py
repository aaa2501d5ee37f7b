"""The process: waits for the lease, and while it has it, hears the exchanges and tells the environments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog
from nats import errors
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from feeds import house, meters
from feeds.answering import Answering, Keeping
from feeds.encryption import trust_of
from feeds.events import Kind, Mark, Stream
from feeds.house import House
from feeds.interest import Interest, union
from feeds.interests import Interests
from feeds.lease import Lease, win
from feeds.listing import Listing
from feeds.publisher import Publisher
from feeds.recording import before
from feeds.replaying import Replaying
from feeds.resting import heed, rest
from feeds.server import NatsServer
from feeds.session import Session
from feeds.settings import FeedsCannotStart, FeedsSettings
from feeds.status import Status
from feeds.witness import Instrument, Witness

_log = structlog.get_logger()
_LOOK_S = 0.25
Key = tuple[str, str]


class Multiplexer:
    """`async with` it and `run`. Several may be told the same; one leads, the others wait."""

    def __init__(self, settings: FeedsSettings) -> None:
        self.settings = settings
        self.sessions: dict[Key, Session] = {}
        self.interests: dict[str, Interest] = {}
        self.lease: Lease | None = None
        self.server: NatsServer | None = None
        self.publisher: Publisher | None = None
        self._client: Client | None = None

    @property
    def is_leading(self) -> bool:
        return self.lease is not None and self.lease.is_valid

    def status(self) -> dict[str, object]:
        """What /status tells."""
        sources = {
            f"{source}.{market}": {
                "is_live": session.is_live,
                "connections": len([line for line in session.lines if line.is_open]),
                "instruments": sorted(session.tracks),
                "refused": session.refused,
                "rollovers": session.rollovers,
            }
            for (source, market), session in self.sessions.items()
        }
        return {"is_leading": self.is_leading, "environments": sorted(self.interests), "sources": sources}

    async def run(self) -> None:
        """Until cancelled. Raises FeedsCannotStart."""
        try:
            client, rooms = await self._move_in()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Status(self, client).run())
                if self.server:
                    tasks.create_task(self._admit(rooms, self.server))
                tasks.create_task(self._lead_when_it_may(client, rooms))
        finally:
            await self._move_out()

    async def _move_in(self) -> tuple[Client, House]:
        settings = self.settings
        url, user, password = settings.nats_url, settings.nats_user, settings.nats_password
        if not url:
            self.server = NatsServer(settings.folder / "nats", settings.nats_port, user, settings.record_mb)
            await self.server.start({})
            url, password = self.server.url, self.server.password
        self._client = await house.connect(url, user, password, f"feeds {settings.holder}", trust_of(settings))
        try:
            return self._client, await house.furnish(self._client, settings.record_hours, settings.record_mb, settings.nats_replicas)
        except JetStreamError as problem:
            raise FeedsCannotStart(f"NATS cannot keep the recording and the interest: {problem}") from problem

    async def _move_out(self) -> None:
        if self.lease:
            await self.lease.give_back()
        if self._client:
            await self._client.close()
        if self.server:
            await self.server.stop()

    async def _admit(self, rooms: House, server: NatsServer) -> None:
        """Let into our own server whoever has an interest with a password."""
        interests = rooms.interests.another()
        while True:
            if await _looked(interests):
                await server.allow(interests.all)
            await rest(_LOOK_S)

    async def _lead_when_it_may(self, client: Client, rooms: House) -> None:
        while True:
            meters.is_leader.set(0)
            self.lease = await win(rooms.leases, self.settings.holder, self.settings.lease_s)
            heed()
            _log.info("feeds_leading", holder=self.settings.holder, epoch=self.lease.epoch)
            meters.is_leader.set(1)
            meters.takeovers.inc()
            leading = asyncio.create_task(self._lead(client, rooms, self.lease))
            keeping = asyncio.create_task(self.lease.keep())
            try:
                await asyncio.wait({leading, keeping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (leading, keeping):
                    each.cancel()
                await asyncio.wait({leading, keeping})
            await self.lease.give_back()
            if not leading.cancelled() and (problem := leading.exception()):
                _log.error("feeds_leading_failed", exc_info=problem)
                await rest(_LOOK_S)

    async def _lead(self, client: Client, rooms: House, lease: Lease) -> None:
        settings = self.settings
        witness = Witness()
        self.publisher = publisher = Publisher(client, lease.epoch, lambda: lease.is_valid, most_held=settings.held_events, witness=witness)
        self.sessions = {
            (source.name, source.market): Session(source, settings, publisher, partial(before, rooms.jetstream, publisher, source))
            for source in settings.sources
        }
        interests = rooms.interests.another()
        replaying = Replaying(client, rooms.jetstream, interests, lease)
        answering = Answering(client, settings.holder, witness, lambda: self.interests, self.sessions, replaying.progress)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(publisher.run())
                tasks.create_task(Keeping(rooms, witness, lease, settings.record_hours * 3600).run())
                tasks.create_task(answering.run())
                tasks.create_task(Listing(rooms.listed, settings.sources, lease).run())
                for session in self.sessions.values():
                    tasks.create_task(session.run())
                tasks.create_task(self._listen_to_interest(interests))
                tasks.create_task(_every(settings.mark_s, partial(_mark, self.sessions, publisher)))
                tasks.create_task(_every(settings.mark_s, partial(_witness, self.sessions, witness, settings.mark_s)))
                tasks.create_task(_every(settings.book_s, partial(_books, self.sessions, publisher)))
                tasks.create_task(replaying.run())
        finally:
            self.sessions = {}

    async def _listen_to_interest(self, interests: Interests) -> None:
        while True:
            if await _looked(interests):
                self.interests = interests.all
                wanted = union(self.interests)
                for key, session in self.sessions.items():
                    await session.want(wanted.get(key, frozenset()))
                if self.publisher:
                    _books(self.sessions, self.publisher)  # whoever is new needs one to begin with
            await rest(_LOOK_S)


async def _every(seconds: float, do: Callable[[], None]) -> None:
    while True:
        await rest(seconds)
        do()


def _mark(sessions: dict[Key, Session], publisher: Publisher) -> None:
    at = time.time_ns()
    for (source, market), session in sessions.items():
        meters.is_live.labels(source, market).set(session.is_live)
        meters.instruments.labels(source, market).set(len(session.tracks))
        meters.refused.labels(source, market).set(len(session.refused))
        for instrument in session.tracks:
            streams = [Stream(source, market, instrument, kind) for kind in (Kind.TRADE, Kind.DEPTH, Kind.QUOTE)]
            reached = {stream.kind: publisher.reached(stream) for stream in streams}
            mark = Mark(at=at, is_live=session.is_live, reached=reached)
            publisher.put(Stream(source, market, instrument, Kind.MARK), [mark])


def _witness(sessions: dict[Key, Session], witness: Witness, seconds: float) -> None:
    following = {Instrument(*key, each): session.hears(each) for key, session in sessions.items() for each in session.tracks}
    for of, how in witness.look(following, time.time_ns()).items():
        meters.instrument_seconds.labels(of.source, of.market, how).inc(seconds)


def _books(sessions: dict[Key, Session], publisher: Publisher) -> None:
    at = time.time_ns()
    for (source, market), session in sessions.items():
        for instrument, tracks in session.tracks.items():
            if not tracks.depth.wants_whole:
                publisher.put(Stream(source, market, instrument, Kind.DEPTH), [tracks.depth.levels.whole(at)])


async def _looked(interests: Interests) -> bool:
    """Whether there is other interest than before; NATS being away is none."""
    try:
        return await interests.has_changed()
    except (errors.Error, OSError, TimeoutError):
        return False

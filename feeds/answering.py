"""The leader's answers to whoever asks how an environment's feed fares; and what it noted, kept for the next leader."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

import msgspec
import structlog
from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import Error as JetStreamError
from nats.js.errors import KeyNotFoundError

from feeds.certificate import Certificate
from feeds.house import CONTINUITY, House
from feeds.interest import Interest
from feeds.lease import Lease
from feeds.listener import ask
from feeds.report import ASKED_ON, ROLLED_ON, Replayed, Report, Told, share, shortened
from feeds.resting import rest
from feeds.session import Session
from feeds.timeline import Timeline
from feeds.witness import Instrument, Witness

_log = structlog.get_logger()
_KEEP_S = 5.0


class Keeping:
    """What a witness notes, in NATS KV."""

    def __init__(self, rooms: House, witness: Witness, lease: Lease, kept_s: float) -> None:
        self._bucket, self._jetstream, self._witness, self._lease = rooms.continuity, rooms.jetstream, witness, lease
        self._kept_ns = round(kept_s * 1e9)
        self._written: dict[Instrument, int] = {}

    async def run(self) -> None:
        """Until cancelled. What NATS does not take now is written the next time."""
        await self._remember()
        while True:
            await rest(_KEEP_S)
            self._witness.forget(time.time_ns() - self._kept_ns)
            with contextlib.suppress(errors.Error, JetStreamError, OSError, TimeoutError):
                await self.write()

    async def _remember(self) -> None:
        while True:
            try:
                info = await self._jetstream.stream_info(f"KV_{CONTINUITY}", subjects_filter=">")
                found = {}
                for subject in info.state.subjects or {}:
                    of = Instrument(*subject.split(".")[-3:])
                    with contextlib.suppress(KeyNotFoundError, msgspec.DecodeError):  # one of another version is begun anew
                        entry = await self._bucket.get(of.name)
                        found[of] = msgspec.json.decode(entry.value or b"", type=Timeline)
            except (errors.Error, JetStreamError, OSError, TimeoutError) as problem:
                _log.warning("feeds_continuity_unread", problem=str(problem))
                await rest(_KEEP_S)
            else:
                for of, before in found.items():
                    self._witness.remember(of, before)
                return

    async def write(self) -> None:
        """What is new. Raises a NATS error."""
        for of, timeline in list(self._witness.timelines.items()):
            until = timeline.stretches[-1].until if timeline.stretches else 0
            if until > self._written.get(of, 0) and self._lease.is_valid:
                await self._bucket.put(of.name, msgspec.json.encode(timeline))
                self._written[of] = until


class Answering:
    """`interests`, `sessions` and `replays` are asked for at each question: they change."""

    def __init__(
        self,
        client: Client,
        holder: str,
        witness: Witness,
        interests: Callable[[], Mapping[str, Interest]],
        sessions: Mapping[tuple[str, str], Session],
        replays: Callable[[str], Replayed | None],
    ) -> None:
        self._client, self._holder, self._witness = client, holder, witness
        self._interests, self._sessions, self._replays = interests, sessions, replays
        self._answers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        subscription = await self._client.subscribe(f"{ASKED_ON}.*", cb=self._answer)
        rolling = await self._client.subscribe(f"{ROLLED_ON}.*.*", cb=self._roll)
        try:
            while True:
                await rest(3600)
        finally:
            for each in self._answers:
                each.cancel()
            with contextlib.suppress(errors.Error, OSError):
                await subscription.unsubscribe()
                await rolling.unsubscribe()

    async def _roll(self, message: Msg) -> None:
        """Exchange a source's connection before its exchange does, for instance before maintenance that was announced."""
        source, market = message.subject.split(".")[-2:]
        session = self._sessions.get((source, market))
        if session is not None and session.is_live:
            session.roll()
        with contextlib.suppress(errors.Error, OSError):
            await message.respond(b"rolling" if session is not None and session.is_live else b"no connection stands")

    async def _answer(self, message: Msg) -> None:
        """Beside each other: an environment that does not say how it fares is waited for."""
        answer = asyncio.create_task(self._respond(message))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    async def _respond(self, message: Msg) -> None:
        report = await self.report(message.subject.rpartition(".")[2])
        with contextlib.suppress(errors.Error, OSError):
            await message.respond(msgspec.json.encode(report))

    async def report(self, environment: str) -> Report:
        interest = self._interests().get(environment)
        if interest is None:
            return Report(environment, time.time_ns(), self._holder, is_let_in=False)
        wanted = [Instrument(*msgspec.structs.astuple(each)) for each in sorted(set(interest.wanted))] if interest.is_live else []
        return Report(
            environment,
            time.time_ns(),
            self._holder,
            is_let_in=True,
            is_live=interest.is_live,
            instruments=[self._told(each, len(wanted)) for each in wanted],
            replay=self._replays(environment),
            arrived=await self._arrived(environment),
        )

    def _told(self, of: Instrument, among: int) -> Told:
        session = self._sessions.get((of.source, of.market))
        timeline = self._witness.timelines.get(of, Timeline())
        stretches, named = timeline.newest(*share(among))
        per_second, slowest_ms = self._witness.pace(of)
        return Told(
            *of,
            is_heard=session is not None and session.hears(of.instrument),
            refused=session.refused.get(of.instrument, "") if session else "there is no such source",
            per_second=per_second,
            slowest_ms=slowest_ms,
            events=timeline.events,
            gaps=timeline.gaps,
            stretches=list(stretches),
            named=list(named),
        )

    async def _arrived(self, environment: str) -> Certificate | None:
        try:
            return shortened(await ask(self._client, environment, 1.0))
        except (errors.Error, OSError, TimeoutError, msgspec.DecodeError):
            return None

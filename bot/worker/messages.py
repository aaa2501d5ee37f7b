"""Hearing: what came in is understood, lane by lane and in order, and becomes commands or edits of rows."""

from __future__ import annotations

import secrets

import structlog

from bot import meters, replies, tracing
from bot.bus import Bus
from bot.context_ports import ForgeBusy, ForgeUnavailable, NotYet, RuntimeUnavailable
from bot.domain.errors import LeaseLost
from bot.domain.lifecycle import backoff_s
from bot.domain.message import (
    BranchDeleted,
    Edited,
    FormAsked,
    HomeOpened,
    Judged,
    Pushed,
    RequestClosed,
    RequestMoved,
    RequestOpened,
    Said,
)
from bot.store import hearing
from bot.store.hearing import Waiting
from bot.store.leases import Lease
from bot.worker.branches import Branches
from bot.worker.edits import Edits
from bot.worker.forms import Forms
from bot.worker.judged import call_who_waits
from bot.worker.leasing import Holder
from bot.worker.mains import Mains
from bot.worker.names import Names
from bot.worker.openings import Openings
from bot.worker.requests import Requests
from bot.worker.voids import Voids
from processes.killpoint import killpoint

log = structlog.get_logger()

MOST_TROUBLES = 8
DOUBLE_CLICK_S = 3.0


class Messages:
    """`hear` is called with a message's id by the desk."""

    def __init__(
        self,
        holder: Holder,
        bus: Bus,
        branches: Branches,
        forms: Forms,
        names: Names,
        openings: Openings,
        mains: Mains,
        requests: Requests,
        voids: Voids,
    ) -> None:
        self._holder = holder
        self._store = holder.store
        self._bus = bus
        self._branches = branches
        self._forms = forms
        self._names = names
        self._openings = openings
        self._mains = mains
        self._requests = requests
        self._voids = voids
        self._edits = Edits(holder.store, bus.read)

    async def hear(self, id: str) -> None:
        """Hear the lane of this message, then whatever else waits: after a rush there are more messages than rings."""
        number: int | None = int(id)
        while number is not None:
            async with self._store.look() as look:
                lane = await hearing.lane_of(look.connection, number)
            if lane is None or not await self._hear_lane(lane):
                return
            async with self._store.look() as look:
                number = await hearing.any_due(look.connection, look.now)

    async def _hear_lane(self, lane: str) -> bool:
        """All that is due in it, in order; False when another hears it."""
        while True:
            async with self._holder.holding(f"lane:{lane}") as lease:
                if lease is None:
                    return False
                while waiting := await self._next(lane):
                    incoming = waiting.incoming
                    with tracing.part("hear", incoming.key[:400], message=waiting.id, kind=type(incoming).__name__):
                        await self._hear(waiting, lease)
            # What came between our last look and letting go rang a bell that found us holding.
            if await self._next(lane) is None:
                return True

    async def _next(self, lane: str) -> Waiting | None:
        async with self._store.look() as look:
            waiting = await hearing.next_in(look.connection, lane)
            return waiting if waiting and waiting.due_at <= look.now else None

    async def _hear(self, waiting: Waiting, lease: Lease) -> None:
        killpoint("worker.message.claimed")
        if await self._was_pressed(waiting, lease):
            return
        try:
            await self._understand(waiting, lease)
        except LeaseLost:
            raise
        except ForgeBusy as error:
            await self._wait(waiting, lease, error)
            return
        except (NotYet, ForgeUnavailable, RuntimeUnavailable) as error:
            await self._trouble(waiting, lease, str(error), "")
            return
        except Exception as error:
            reference = secrets.token_hex(4)
            log.exception("hearing_failed", message=waiting.id, reference=reference)
            await self._trouble(waiting, lease, repr(error), reference)
            return
        killpoint("worker.message.decided")
        async with self._store.transaction(lease) as transaction:
            await hearing.heard(transaction.connection, waiting.id, transaction.now)
        killpoint("worker.message.heard")

    async def _understand(self, waiting: Waiting, lease: Lease) -> None:
        incoming = waiting.incoming
        if isinstance(incoming, Said):
            if await self._was_edited(waiting, lease):
                return
            await self._bus.hear(await self._names.named(incoming), waiting.id, lease)
        elif isinstance(incoming, Edited):
            await self._edits.hear(incoming, waiting.id, lease)
        elif isinstance(incoming, FormAsked):
            if not await self._forms.open(incoming):
                await self._bus.hear(await self._names.named(incoming.said), waiting.id, lease)
        elif isinstance(incoming, HomeOpened):
            async with self._store.transaction(lease) as transaction:
                await transaction.open_home(incoming.thread, incoming.person)
        elif isinstance(incoming, RequestOpened):
            await self._openings.happened(incoming, waiting.id, lease)
        elif isinstance(incoming, Judged):
            await call_who_waits(self._store, incoming)
        else:
            await self._happened(incoming)

    async def _happened(self, event: Pushed | BranchDeleted | RequestClosed | RequestMoved) -> None:
        """To a branch, and so to all that was made of it."""
        await self._branches.happened(event)
        await self._mains.happened(event)
        if isinstance(event, RequestClosed | BranchDeleted):
            await self._requests.happened(event)
        elif isinstance(event, Pushed | RequestMoved):
            await self._voids.happened(event)

    async def _was_pressed(self, waiting: Waiting, lease: Lease) -> bool:
        """Whether it is the second click of a double one, which is done with."""
        said = waiting.incoming
        if not isinstance(said, Said) or said.pressed is None:
            return False
        async with self._store.transaction(lease) as transaction:
            if not await hearing.was_pressed(transaction.connection, waiting, said, DOUBLE_CLICK_S):
                return False
            await hearing.heard(transaction.connection, waiting.id, transaction.now, "repeated")
        return True

    async def _was_edited(self, waiting: Waiting, lease: Lease) -> bool:
        """Whether an edit is here already that takes these words back before they begin."""
        async with self._store.look() as look:
            later = await hearing.edit_of(look.connection, waiting)
        if later is None or not isinstance(later.incoming, Edited):
            return False
        return await self._edits.hear(later.incoming, later.id, lease)

    async def _wait(self, waiting: Waiting, lease: Lease, error: ForgeBusy) -> None:
        """Hear it when the forge may be asked again, in its order and however often that is said."""
        log.info("message_waits", message=waiting.id, reason=str(error), seconds=error.wait_s)
        async with self._store.transaction(lease) as transaction:
            await hearing.wait(transaction.connection, waiting, transaction.now + error.wait_s)

    async def _trouble(self, waiting: Waiting, lease: Lease, reason: str, reference: str) -> None:
        """Hear it again later; after some tries let the lane go on, and say so to whoever waits."""
        async with self._store.transaction(lease) as transaction:
            if waiting.troubles + 1 < MOST_TROUBLES:
                meters.retries.labels("hear").inc()
                await hearing.put_off(transaction.connection, waiting, transaction.now + backoff_s(waiting.troubles + 1))
                return
            log.error("message_given_up", message=waiting.id, reason=reason)
            await hearing.heard(transaction.connection, waiting.id, transaction.now, "failed")
            said = waiting.incoming.said if isinstance(waiting.incoming, FormAsked) else waiting.incoming
            if isinstance(said, Said):
                await transaction.post(said.thread, replies.unwell(reference or str(waiting.id), said.person))

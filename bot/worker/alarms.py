"""What the canary finds, and a bake that failed, is told in the chat that the settings name, and stands in status and doctor until then."""

from __future__ import annotations

from bot.domain.alarm import AlarmKind
from bot.domain.command import Event
from bot.domain.message import Platform, Thread
from bot.domain.prose import Reply
from bot.replies import alarms as words
from bot.store.store import Store
from bot.store.transaction import Transaction


class Alarms:
    """Fills `bot.vault.canary.Ears`. Each is told when it begins and when it is over, not each time that it is found."""

    def __init__(self, store: Store, source: str, channel: str) -> None:
        self._store, self._source, self._channel = store, source, channel

    async def wall(self, breach: str) -> None:
        await self._is(AlarmKind.WALL, breach)

    async def often(self, in_an_hour: int) -> None:
        await self._is(AlarmKind.OFTEN, words.asked(in_an_hour) if in_an_hour else "")

    async def image(self, failure: str) -> None:
        await self._is(AlarmKind.IMAGE, failure)

    async def _is(self, kind: AlarmKind, what: str) -> None:
        async with self._store.look() as look:
            is_open = any((each.kind, each.source) == (kind, self._source) for each in await look.alarms.open())
        if is_open == bool(what):
            return
        async with self._store.transaction() as transaction:
            if what and await transaction.alarms.begin(kind, self._source, what):
                await self._tell(transaction, "alarm_began", kind, words.began(kind, self._source, what))
            elif not what and await transaction.alarms.end(kind, self._source):
                await self._tell(transaction, "alarm_ended", kind, words.ended(kind, self._source))

    async def _tell(self, transaction: Transaction, event: str, kind: AlarmKind, reply: Reply) -> None:
        await transaction.note(Event(at=transaction.now, kind=event, actor="trellis", data={"alarm": str(kind), "host": self._source}))
        if self._channel:
            await transaction.post(Thread(Platform.SLACK, f"slack::{self._channel}:channel"), reply)

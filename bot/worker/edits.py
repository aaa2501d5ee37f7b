"""An edited message: it runs nothing, and cancels what it changed and had not begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bot import replies
from bot.domain.command import CommandState, Event, Taken
from bot.domain.environment import State
from bot.domain.ids import new_id
from bot.domain.message import Edited, Said
from bot.domain.prose import Reaction
from bot.store import hearing
from bot.store.store import Store
from bot.store.transaction import Transaction
from grammar.parse import Found, Understood


class Edits:
    """`read` is how the bus understands a message."""

    def __init__(self, store: Store, read: Callable[[Said | Edited], Sequence[Found]]) -> None:
        self._store = store
        self._read = read

    async def hear(self, edited: Edited, message_id: int, lease: Any) -> bool:
        """Whether anything was taken back."""
        async with self._store.transaction(lease) as transaction:
            found = await hearing.by_key(transaction.connection, edited.said_key)
            if found is None:
                return False
            original, state = found
            if not isinstance(original.incoming, Said) or self._lines(original.incoming) == self._lines(edited):
                return False
            was_stopped = False
            if state == "new":
                await hearing.heard(transaction.connection, original.id, transaction.now, "edited")
                was_stopped = bool(self._lines(original.incoming))
            else:
                kept = self._lines(edited)
                for taken in await transaction.taken.of(original.id):
                    if taken.line not in kept:
                        was_stopped |= await self._stop(transaction, taken)
            if was_stopped and await transaction.taken.take(_note_of(edited, message_id, transaction.now)):
                await transaction.react(original.incoming.thread, original.incoming.message_id, Reaction.FAILED)
                await transaction.post(original.incoming.thread, replies.edited_before_it_began(edited.person, is_deleted=not edited.text))
        return was_stopped

    def _lines(self, message: Said | Edited) -> list[str]:
        return [item.line for item in self._read(message) if isinstance(item, Understood)]

    async def _stop(self, transaction: Transaction, taken: Taken) -> bool:
        """Whether it had not begun: an environment that nobody works on yet goes; anything further is left to run."""
        if taken.state is not CommandState.RUNNING or taken.words != "ivy create" or taken.environment_id is None:
            return False
        environment = await transaction.environments.locked(taken.environment_id)
        if environment is None or environment.state is not State.REQUESTED or not environment.is_wanted:
            return False
        reason = "the message that asked for it was edited before it began"
        changed = msgspec.structs.replace(environment, is_wanted=False, gone_reason=reason, gone_code="edited")
        await transaction.edit(changed)
        event = Event(at=transaction.now, kind="unwanted", environment_id=changed.id, project=changed.project, data={"reason": reason})
        await transaction.note(event)
        await transaction.taken.end(taken, CommandState.CANCELLED, "edited")
        return True


def _note_of(edited: Edited, message_id: int, now: float) -> Taken:
    return Taken(
        id=new_id(),
        message_id=message_id,
        position=0,
        words="",
        line="",
        person=edited.person,
        thread=edited.thread,
        asked_by_message="",
        state=CommandState.CANCELLED,
        code="edited",
        created_at=now,
        ended_at=now,
    )

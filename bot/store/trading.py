"""Keys of trading environments, and how their books stand, as rows."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.trading_key import TradingKey
from bot.domain.trading_state import TradingState
from bot.store.rows import struct_of
from bot.store.trading_tables import trading_keys, trading_states

_columns = trading_keys.c
_ITS = [column for column in _columns if column is not _columns.key_hash]


class TradingRows:
    """What is asked of the tables inside one transaction, which goes by `now`."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self._connection = connection
        self._now = now

    async def key(self, environment_id: str) -> TradingKey | None:
        row = (await self._connection.execute(select(*_ITS).where(_columns.environment_id == environment_id))).mappings().first()
        return struct_of(row, TradingKey) if row else None

    async def opens(self, key_hash: str) -> str | None:
        """The id of the environment that this is the key of; None where it is none, or no more."""
        query = select(_columns.environment_id).where(_columns.key_hash == key_hash, _columns.revoked_at.is_(None))
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def minted(self, environment_id: str, key_hash: str, number: int) -> bool:
        """Its key from now on, which nobody saw; the one that it has already changes nothing. False: another number is wanted."""
        its = (_columns.environment_id == environment_id, _columns.number == number)
        known = await self.key(environment_id)
        values = {"key_hash": key_hash, "minted_at": self._now, "shown_at": None, "shown_to": "", "revoked_at": None}
        if known is None:
            await self._connection.execute(insert(trading_keys).values(environment_id=environment_id, number=number, **values))
            return True
        await self._connection.execute(update(trading_keys).where(*its, _columns.key_hash != key_hash).values(values))
        return known.number == number

    async def make_anew(self, environment_id: str) -> None:
        """What it has opens nothing from now on, and its next key has another number."""
        its = _columns.environment_id == environment_id
        values = {"number": _columns.number + 1, "revoked_at": self._now}
        await self._connection.execute(update(trading_keys).where(its).values(values))

    async def show(self, key: TradingKey, name: str) -> bool:
        """Whether just this one is shown now, to somebody of that name: once, and never when it is revoked."""
        just_this = (_columns.environment_id == key.environment_id, _columns.number == key.number)
        once = (*just_this, _columns.shown_at.is_(None), _columns.revoked_at.is_(None))
        shown = update(trading_keys).where(*once).values(shown_at=self._now, shown_to=name)
        return (await self._connection.execute(shown)).rowcount == 1

    async def revoke(self, environment_id: str) -> None:
        """It opens nothing from now on. Again changes nothing."""
        its = (_columns.environment_id == environment_id, _columns.revoked_at.is_(None))
        await self._connection.execute(update(trading_keys).where(*its).values(revoked_at=self._now))

    async def state(self, environment_id: str) -> TradingState:
        """Whoever writes it has its environment's row locked."""
        query = select(trading_states).where(trading_states.c.environment_id == environment_id)
        row = (await self._connection.execute(query)).mappings().first()
        return struct_of(row, TradingState) if row else TradingState(environment_id=environment_id)

    async def save(self, state: TradingState) -> None:
        row, its = msgspec.to_builtins(state), trading_states.c.environment_id == state.environment_id
        if (await self._connection.execute(update(trading_states).where(its).values(row))).rowcount == 0:
            await self._connection.execute(insert(trading_states).values(row))

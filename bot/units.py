"""Units of work as the bus sees them: what it asks of the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from bot import context
from bot.context_rows import ArtifactRows, PeopleRows, SlotRows
from bot.domain.approval import Approval
from bot.domain.command import Taken
from bot.domain.deployment import Deployment, Rollout
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Reaction, Reply
from bot.targets import Rows


class TakenRows(Protocol):
    async def take(self, taken: Taken, /) -> bool: ...

    async def has(self, message_id: int, position: int, /) -> bool: ...


class Transaction(context.Transaction, Protocol):
    """A unit of work as the bus sees it."""

    async def post(self, thread: Thread, reply: Reply, /) -> None: ...

    async def react(self, thread: Thread, message_id: str, reaction: Reaction, /) -> None: ...

    @property
    def taken(self) -> TakenRows: ...

    def undoing(self) -> AbstractAsyncContextManager[object]: ...


class ApprovalRows(Protocol):
    async def get(self, id: str, /) -> Approval | None: ...

    async def open_in(self, address: str, now: float, /) -> Sequence[Approval]: ...


class DeployRows(Protocol):
    async def get(self, id: str, /) -> Rollout | None: ...

    async def by_number(self, number: int, /) -> tuple[Rollout, Deployment | None] | None: ...

    async def last_in(self, address: str, /) -> Rollout | None: ...

    async def parts(self, rollout_id: str, /) -> Sequence[Deployment]: ...


class Looking(Protocol):
    now: float

    @property
    def environments(self) -> Rows: ...

    @property
    def people(self) -> PeopleRows: ...

    @property
    def approvals(self) -> ApprovalRows: ...

    @property
    def artifacts(self) -> ArtifactRows: ...

    @property
    def rollouts(self) -> DeployRows: ...

    @property
    def slots(self) -> SlotRows: ...

    async def web_role(self, id: str, /) -> str | None: ...

    async def known(self, platform: Platform, name: str, /) -> Person | None: ...


class Units(Protocol):
    def transaction(self, lease: Any = None) -> AbstractAsyncContextManager[Any]: ...

    def look(self) -> AbstractAsyncContextManager[Looking]: ...

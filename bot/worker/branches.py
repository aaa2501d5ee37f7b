"""What happens to a branch happens to its environments: a push updates them, its end takes them down."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bot.context_ports import Forge, Runtime
from bot.domain.command import Event
from bot.domain.deadlines import active, without_what_was_put_aside
from bot.domain.environment import Environment
from bot.domain.message import BranchDeleted, Pushed, RequestClosed, RequestMoved
from bot.domain.project import ForgeKind, Project
from bot.replies.life import fork_moved
from bot.store.store import Store
from bot.store.transaction import Transaction

_MOVED = "fork_moved"


class Branches:
    """Every event only says 'look there': what is done goes by what git and the forge say now, so repeats and replays are harmless."""

    def __init__(self, store: Store, runtime: Runtime, forges: Mapping[ForgeKind, Forge], projects: Mapping[str, Project]) -> None:
        self._store = store
        self._runtime = runtime
        self._forges = forges
        self._projects = projects

    async def happened(self, event: Pushed | BranchDeleted | RequestClosed | RequestMoved) -> None:
        if isinstance(event, RequestClosed):
            await self.closed(event)
        elif isinstance(event, RequestMoved):
            await self.has_other_code(event)
        else:
            await self.moved(event.project, event.ref)

    async def moved(self, project_key: str, ref: str) -> None:
        """Bring every following environment of the branch to its head; take them down when it is gone."""
        project = self._projects.get(project_key)
        if project is None or not await self._of(project_key, ref):
            return
        await self.is_at(project_key, ref, await self._runtime.head(project, ref))

    async def is_at(self, project_key: str, ref: str, head: str | None) -> None:
        async with self._store.transaction() as transaction:
            for environment in await transaction.environments.by_ref(project_key, ref):
                if environment.is_fork:
                    continue  # a branch of that name is in the project, too
                if head is None:
                    await _unwanted(transaction, environment, "its branch was deleted", "branch_deleted")
                elif environment.is_wanted and not environment.is_pinned and not _knows(environment, head):
                    wanted = without_what_was_put_aside(environment)
                    changed = msgspec.structs.replace(wanted, sha=head, generation=environment.generation + 1)
                    await transaction.edit(active(changed, transaction.now))
                    await transaction.note(_event(changed, transaction.now, "pushed", sha=head))

    async def closed(self, event: RequestClosed) -> None:
        """A merged or closed request takes its branch's environments with it, unless the forge says that it is open again."""
        project = self._projects.get(event.project)
        if project is None or not await self._of(event.project, event.ref):
            return
        if forge := self._forges.get(project.forge):
            request = await forge.change_request(project, event.number)
            if request is not None and request.is_open:
                return
        how = "merged" if event.is_merged else "closed"
        async with self._store.transaction() as transaction:
            for environment in await transaction.environments.by_ref(event.project, event.ref):
                if environment.is_fork == event.is_fork and environment.request in {None, event.number}:
                    await _unwanted(transaction, environment, f"its request {event.number} was {how}", how)

    async def has_other_code(self, event: RequestMoved) -> None:
        """New commits in a fork run nothing. It is said once, until somebody who may has looked again."""
        project = self._projects.get(event.project)
        forge = self._forges.get(project.forge) if project else None
        if project is None or forge is None or not await self._of(event.project, event.ref):
            return
        request = await forge.change_request(project, event.number)
        if request is None or not request.is_open:
            return
        async with self._store.transaction() as transaction:
            for environment in await transaction.environments.by_ref(event.project, event.ref):
                is_meant = environment.is_fork and environment.request == event.number and environment.is_wanted
                if not is_meant or environment.sha == request.sha or await _was_told(transaction, environment):
                    continue
                await transaction.post(environment.thread, fork_moved(environment, request.sha))
                await transaction.note(_event(environment, transaction.now, _MOVED, sha=request.sha, generation=environment.generation))

    async def after_ready(self, environment: Environment) -> None:
        """A push that came between the asking and the row's first commit would be missed: look once more."""
        await self.moved(environment.project, environment.ref)

    async def _of(self, project: str, ref: str) -> bool:
        async with self._store.look() as look:
            return bool(await look.environments.by_ref(project, ref))


def _knows(environment: Environment, head: str) -> bool:
    """Whether it is that commit already, or that one failed and is put aside."""
    return head == environment.sha or (environment.failure is not None and environment.failure.put_aside == head)


async def _unwanted(transaction: Transaction, environment: Environment, reason: str, code: str) -> None:
    if environment.is_wanted:
        changed = msgspec.structs.replace(environment, is_wanted=False, gone_reason=reason, gone_code=code)
        await transaction.edit(changed)
        await transaction.note(_event(changed, transaction.now, "unwanted", reason=reason))


async def _was_told(transaction: Transaction, environment: Environment) -> bool:
    events = await transaction.events_of(environment.id)
    return any(each.kind == _MOVED and each.data.get("generation") == environment.generation for each in events)


def _event(environment: Environment, now: float, kind: str, **data: str | int) -> Event:
    return Event(at=now, kind=kind, environment_id=environment.id, project=environment.project, actor="trellis", data=dict(data))

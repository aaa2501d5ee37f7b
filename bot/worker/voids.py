"""Another person's word that waits, or was given, is void when what it is for moves: told at once, not when somebody answers."""

from __future__ import annotations

from collections.abc import Mapping

from bot.context_ports import Forge, Runtime
from bot.domain.catalogue import Catalogue
from bot.domain.message import Pushed, RequestMoved
from bot.domain.project import ChangeRequest, ForgeKind, Project
from bot.moved_on import ahead, has_moved, is_at_old_head, plan_anew_what_moved, stop_at_old_head
from bot.store.store import Store


class Voids:
    """Events and sweeps only say 'look there': what is done goes by what is so now, in the transaction that does it."""

    def __init__(
        self, store: Store, runtime: Runtime, forges: Mapping[ForgeKind, Forge], projects: Mapping[str, Project], catalogue: Catalogue
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._forges = forges
        self._projects = projects
        self._catalogue = catalogue

    async def look(self) -> int:
        """Whether newer artifacts have come, or others were brought there; so many were to be planned anew."""
        async with self._store.look() as look:
            moved = {
                part.rollout_id
                for part in await look.rollouts.asked_for()
                if (rollout := await look.rollouts.get(part.rollout_id)) and await has_moved(look, part, rollout, self._catalogue)
            }
        return sum([await self._plan_anew(each) for each in sorted(moved)])

    async def _plan_anew(self, rollout_id: str) -> int:
        async with self._store.transaction() as transaction:
            await transaction.lock_beginnings()
            rollout = await transaction.rollouts.locked(rollout_id)
            is_asked_for = rollout is not None and bool(rollout.approval_id)
            return await plan_anew_what_moved(transaction, rollout, self._catalogue) if rollout and is_asked_for else 0

    async def happened(self, event: Pushed | RequestMoved) -> None:
        """A branch has another head, and so have its requests. Raises ForgeUnavailable, RuntimeUnavailable."""
        project = self._projects.get(event.project)
        forge = self._forges.get(project.forge) if project else None
        if project is None or forge is None:
            return
        for number in sorted(await self._followed(event)):
            request = await forge.change_request(project, number)
            head = await self._head(project, request, event) if request and request.is_open else None
            if head is not None:
                await self._is_at(project.key, number, head)

    async def _followed(self, event: Pushed | RequestMoved) -> set[int]:
        """The requests that deploys follow which wait for somebody, as far as they may be meant."""
        found = set()
        async with self._store.look() as look:
            for part in await look.rollouts.asked_for():
                artifact = await look.artifacts.get(part.artifact_id) if part.request is not None else None
                if artifact is None or part.request is None or artifact.project != event.project:
                    continue
                is_meant = part.request == event.number if isinstance(event, RequestMoved) else artifact.ref in {"", event.ref}
                found |= {part.request} if is_meant else set()
        return found

    async def _head(self, project: Project, request: ChangeRequest, event: Pushed | RequestMoved) -> str | None:
        """As git says it where it can: a forge may tell of a push before its own requests know of it."""
        is_here = isinstance(event, Pushed) and request.ref == event.ref and not request.is_fork
        return await self._runtime.head(project, request.ref) if is_here else request.sha

    async def _is_at(self, project: str, number: int, head: str) -> None:
        async with self._store.look() as look:
            ids = sorted({part.rollout_id for part in await look.rollouts.asked_for() if part.request == number})
        for id_ in ids:
            async with self._store.transaction() as transaction:
                await transaction.lock_beginnings()
                rollout = await transaction.rollouts.locked(id_)
                for part in await ahead(transaction, rollout) if rollout and rollout.approval_id else ():
                    if rollout and await is_at_old_head(transaction, part, project, number, head):
                        await stop_at_old_head(transaction, rollout, part, head)
                        break

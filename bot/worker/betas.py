"""A merge or pull request that is over takes its betas with it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.context import Forge
from bot.domain.catalogue import Catalogue
from bot.domain.deployment import Deployment, Rollout, Slot
from bot.domain.message import RequestClosed
from bot.domain.project import ForgeKind, Project
from bot.releasing import Ends, call_off, release
from bot.replies import betas as words
from bot.store.store import Store
from bot.store.transaction import Transaction


class Betas:
    def __init__(self, store: Store, forges: Mapping[ForgeKind, Forge], projects: Mapping[str, Project], catalogue: Catalogue) -> None:
        self._store = store
        self._forges = forges
        self._projects = projects
        self._catalogue = catalogue

    async def closed(self, event: RequestClosed) -> None:
        """Unless the forge says that it is open again. Raises ForgeUnavailable."""
        project = self._projects.get(event.project)
        if project is None or not await self._has_any(event):
            return
        if forge := self._forges.get(project.forge):
            request = await forge.change_request(project, event.number)
            if request is not None and request.is_open:
                return
        reason = f"!{event.number} was {'merged' if event.is_merged else 'closed'}"
        async with self._store.transaction() as transaction:
            await transaction.lock_beginnings()
            for (place, _), (services, rollout) in (await self._ending(event, transaction)).items():
                ends = Ends(rollout.person, rollout.thread, reason)
                if await release(services, place, ends, self._catalogue, transaction) is None:
                    await self._stay(services, place, ends, rollout, transaction)

    async def _has_any(self, event: RequestClosed) -> bool:
        async with self._store.look() as look:
            here = await look.slots.betas(event.project, event.number)
            return bool(here or await look.rollouts.coming_betas(event.project, event.number))

    async def _ending(self, event: RequestClosed, transaction: Transaction) -> dict[tuple[str, str], tuple[list[str], Rollout]]:
        """By environment and by the rollout that made them. What has not begun is called off; what runs is released behind that."""
        found: dict[tuple[str, str], tuple[list[str], Rollout]] = {}
        coming = [
            each for each in await transaction.rollouts.coming_betas(event.project, event.number) if not await call_off(each, transaction)
        ]
        slots = await transaction.slots.betas(event.project, event.number)
        made = [part for slot in slots if (part := await transaction.rollouts.part(slot.deployment_id))]
        for part in (*made, *coming):
            rollout = await transaction.rollouts.get(part.rollout_id)
            if rollout is not None:
                services, _ = found.setdefault((part.environment, part.rollout_id), ([], rollout))
                services.append(part.service)
        return found

    async def _stay(self, services: list[str], place: str, ends: Ends, rollout: Rollout, transaction: Transaction) -> None:
        for service in services:
            slot = await transaction.slots.get(service, place)
            if slot is not None and slot.is_beta and not await self._is_over(slot, transaction):
                await transaction.post(ends.thread, words.stays(slot, rollout, ends.reason))

    @staticmethod
    async def _is_over(slot: Slot, transaction: Transaction) -> bool:
        """Whether something is on its way there, which ends it."""
        live: list[Deployment] = list(await transaction.rollouts.live(slot.service, slot.environment))
        return any(each.is_wanted for each in live)

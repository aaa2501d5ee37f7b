"""A merge or pull request that is over takes its betas with it."""

from __future__ import annotations

from bot.domain.catalogue import Catalogue
from bot.domain.deployment import Deployment, Rollout, Slot
from bot.moved_on import stop_with_request
from bot.releasing import Ends, release
from bot.replies import betas as words
from bot.store.transaction import Transaction


class Betas:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def over(self, project: str, request: int, reason: str, transaction: Transaction) -> None:
        """Whoever calls it holds beginnings."""
        for (place, _), (services, rollout) in (await self._ending(project, request, reason, transaction)).items():
            ends = Ends(rollout.person, rollout.thread, reason)
            if await release(services, place, ends, self._catalogue, transaction) is None:
                await self._stay(services, place, ends, rollout, transaction)

    async def _ending(
        self, project: str, request: int, reason: str, transaction: Transaction
    ) -> dict[tuple[str, str], tuple[list[str], Rollout]]:
        """By environment and by the rollout that made them. What has not begun does not begin; what runs is released behind that."""
        found: dict[tuple[str, str], tuple[list[str], Rollout]] = {}
        coming = await transaction.rollouts.coming_betas(project, request)
        for each in coming:
            if each.began_at is None:
                await stop_with_request(transaction, each, request, reason)
        slots = await transaction.slots.betas(project, request)
        made = [part for slot in slots if (part := await transaction.rollouts.part(slot.deployment_id))]
        for part in (*made, *(each for each in coming if each.began_at is not None)):
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

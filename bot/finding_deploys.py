"""Which deploy a command is about: the one of that number, or the last of this thread; with all that it brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import refusals_deploy, refusals_time
from bot.context import Scene
from bot.domain.approval import Approval
from bot.domain.deployment import Deployment, Rollout
from bot.domain.wanted import Wanted, Wish
from bot.finding_services import FindingServices
from bot.units import Units
from grammar.commands import Command


class FindingDeploys:
    def __init__(self, units: Units, services: FindingServices) -> None:
        self._units = units
        self._services = services

    async def named(self, scene: Scene, command: Command) -> Scene:
        """Raises UserError; the same for what is not there and for what one may not look at."""
        number: int | None = getattr(command, "deploy", None)
        rollout, part, parts = await self._there(scene, number, command)
        found = await self._of(scene, rollout, parts, command)
        if found is None:
            raise refusals_deploy.no_deploy(number, command.verb)
        return replace(found, rollout=rollout, deployment=part)

    async def asked_about(self, scene: Scene, approval: Approval, command: Command) -> Scene:
        """The rollout that waits for somebody's word. Raises UserError; the same for what is not there and for what one may not look at."""
        async with self._units.look() as look:
            rollout = await look.rollouts.get(approval.environment_id)
            parts = await look.rollouts.parts(approval.environment_id)
        found = await self._of(scene, rollout, parts, command) if rollout else None
        if found is None:
            raise refusals_time.no_approval(approval.id)
        follows = {each.service: each.request for each in parts}
        wanted = tuple(replace(each, wish=_of_request(follows.get(each.service.key))) for each in found.wanted)
        return replace(found, rollout=rollout, approval=approval, wanted=wanted)

    async def _of(self, scene: Scene, rollout: Rollout, parts: Sequence[Deployment], command: Command) -> Scene | None:
        known = scene.catalogue.services
        wanted = [Wanted(known[each.service], stage=each.stage) for each in parts if each.service in known]
        return await self._services.of_deploy(scene, wanted, rollout.environment, command) if len(wanted) == len(parts) else None

    async def _there(self, scene: Scene, number: int | None, command: Command) -> tuple[Rollout, Deployment | None, tuple[Deployment, ...]]:
        async with self._units.look() as look:
            if number is None:
                rollout, part = await look.rollouts.last_in(scene.thread.address), None
            else:
                rollout, part = await look.rollouts.by_number(number) or (None, None)
            parts = tuple(await look.rollouts.parts(rollout.id)) if rollout else ()
        if rollout is None:
            raise refusals_deploy.no_deploy(number, command.verb)
        return rollout, part, parts


def _of_request(number: int | None) -> Wish:
    return Wish() if number is None else Wish(f"!{number}", request=number)

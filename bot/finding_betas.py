"""Which betas a command is about: those of the services that are named, or of the merge or pull request in which it is said."""

from __future__ import annotations

from dataclasses import replace

from bot import refusals_beta, refusals_deploy
from bot.context import Scene
from bot.domain.catalogue import SharedEnvironment
from bot.domain.wanted import Wanted, Wish
from bot.finding_services import FindingServices
from bot.releasing import betas_of, request_of
from bot.units import Units
from grammar.commands import Beta, Command, Release


class FindingBetas:
    def __init__(self, units: Units, services: FindingServices) -> None:
        self._units = units
        self._services = services

    async def beta(self, scene: Scene, command: Command) -> Scene:
        """What is to become one, each at its request, and where. Raises UserError."""
        assert isinstance(command, Beta)  # noqa: S101 - the table of handlers says so
        wanted = (await self._services.resolved(scene, command.targets)).wanted if command.targets else await self._built(scene)
        place = self._services.place(scene, command.to) if command.to else _first_for(wanted, scene)
        found = await self._services.allowed(replace(scene, wanted=wanted), place, command)
        return replace(found, wanted=tuple(replace(each, wish=_wish(each, scene)) for each in wanted))

    async def release(self, scene: Scene, command: Command) -> Scene:
        """Those that there are; whoever says it has to be allowed to in each environment. Raises UserError."""
        assert isinstance(command, Release)  # noqa: S101 - the table of handlers says so
        named = (await self._services.resolved(scene, command.targets)).wanted if command.targets else ()
        scene = await self._services.allowed(replace(scene, wanted=named), None, command)
        if command.in_:
            self._services.place(scene, command.in_)
        if not named and request_of(scene) is None:
            raise refusals_beta.which_beta()
        async with self._units.look() as look:
            slots = await betas_of([each.service.key for each in named], request_of(scene), command.in_, look.slots)
        known = scene.catalogue.services
        for place in sorted({each.environment for each in slots}):
            here = [Wanted(known[each.service]) for each in slots if each.environment == place and each.service in known]
            if await self._services.of_deploy(scene, here, place, command) is None:
                raise refusals_beta.no_beta([each.service.key for each in named], scene.said.request)
        services = sorted({each.service for each in slots} & known.keys())
        return replace(scene, wanted=tuple(Wanted(known[each]) for each in services))

    async def _built(self, scene: Scene) -> tuple[Wanted, ...]:
        """All that was built of this request."""
        project, request = scene.said.project, scene.said.request
        if project is None or request is None:
            raise refusals_beta.which_request()
        services = [each for each in scene.catalogue.services.values() if each.project == project]
        async with self._units.look() as look:
            built = [each for each in services if await look.artifacts.of_request(project, request, each.key)]
        if not built:
            raise refusals_beta.nothing_built(request, sorted(each.key for each in services))
        wish = Wish(f"!{request}", request=request)
        return tuple(Wanted(each, wish) for each in sorted(built, key=lambda each: each.key))


def _wish(wanted: Wanted, scene: Scene) -> Wish:
    """What is named with its request or commit; else what was built of the request in which it is said."""
    if wanted.wish.request is not None or wanted.wish.commit is not None:
        return wanted.wish
    request = scene.said.request
    if request is None or scene.said.project != wanted.service.project:
        raise refusals_beta.which_request(wanted.service.key)
    return Wish(f"!{request}", request=request)


def _first_for(wanted: tuple[Wanted, ...], scene: Scene) -> SharedEnvironment:
    """The first in order that takes what is not merged, without asking anybody."""
    for place in scene.catalogue.in_order():
        is_open = not place.merged_only and not place.asks
        if is_open and all(not each.service.environments or place.key in each.service.environments for each in wanted):
            return place
    raise refusals_deploy.which_place(scene.catalogue, f"{scene.line.rstrip()} --to")

"""A request is opened, and its file says so: an environment is made as if its author had asked for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from bot.bus import Bus
from bot.context_ports import Forge, Runtime
from bot.domain.message import RequestOpened, Said
from bot.domain.project import ChangeRequest, ForgeKind, Project
from bot.domain.service_config import DevEnv
from bot.store.store import Store

log = structlog.get_logger()

_SKEW_S = 60.0
_MOST_PAST = 20


class Openings:
    """Goes by what forge and file say now. Who may not ask for an environment gets none, and no word about it."""

    def __init__(
        self, store: Store, bus: Bus, runtime: Runtime, forges: Mapping[ForgeKind, Forge], projects: Mapping[str, Project]
    ) -> None:
        self._store = store
        self._bus = bus
        self._runtime = runtime
        self._forges = forges
        self._projects = projects

    async def happened(self, opened: RequestOpened, message_id: int, lease: Any) -> None:
        project = self._projects.get(opened.project)
        forge = self._forges.get(project.forge) if project else None
        if project is None or forge is None or opened.is_fork or opened.said.person.is_bot:
            return
        request = await forge.change_request(project, opened.number)
        if request is None or request.is_fork or not request.is_open or not await self._is_wanted(opened, request, project):
            return
        if await self._was_answered(opened, request, project):
            return
        said = _by_its_author(opened.said, request)
        if said is None or not await self._bus.may_say(said):
            log.info("not_made_by_itself", project=project.key, request=opened.number, person=opened.said.person.id)
            return
        await self._bus.hear(said, message_id, lease)

    async def _is_wanted(self, opened: RequestOpened, request: ChangeRequest, project: Project) -> bool:
        config = await self._runtime.config(project, request.ref, request.sha)
        if not isinstance(config, DevEnv):
            log.info("file_not_usable", project=project.key, request=opened.number, problem=str(config[0]))
            return False
        return config.create.wants(request.ref.removeprefix("refs/heads/"), is_draft=opened.is_draft)

    async def _was_answered(self, opened: RequestOpened, request: ChangeRequest, project: Project) -> bool:
        """Whether there is one, or was one since: hook and polling may both tell of it, and what was taken down meanwhile stays down."""
        async with self._store.look() as look:
            if await look.environments.by_identity(project.key, request.source_id, request.ref, "") is not None:
                return True
            past = await look.environments.of_branch(project.key, request.ref, _MOST_PAST)
        theirs = [each for each in past if each.source_id == request.source_id and not each.name]
        return opened.at is not None and any(each.created_at >= opened.at - _SKEW_S for each in theirs)


def _by_its_author(said: Said, request: ChangeRequest) -> Said | None:
    """With the author's name, where another's act told of the request. Of whom nothing is known, and of bots, nothing is heard."""
    author = said.person if said.person.name else request.author
    if author is None or author.id != said.person.id or author.is_bot:
        return None
    return msgspec.structs.replace(said, person=author, thread=msgspec.structs.replace(said.thread, asker=author))

"""Freezes are announced before they begin, in the Slack channels of the projects whose services go there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.freezes import lead_due, next_freeze
from bot.domain.message import Platform, Thread
from bot.domain.project import Project
from bot.domain.scopes import Scope, ScopeKind, services_of
from bot.replies import freezes as words
from bot.store.freeze_notices import claim_notice
from bot.store.store import Store

log = structlog.get_logger()

_EVERY_S = 20.0


@dataclass(frozen=True)
class Announcements:
    store: Store
    catalogue: Catalogue
    projects: Mapping[str, Project]

    async def look(self) -> int:
        """Announce what is to be announced now; how many freezes that were."""
        return sum([await self._tell(each) for each in self.catalogue.in_order() if each.freezes])

    async def _tell(self, environment: SharedEnvironment) -> bool:
        async with self.store.look() as look:
            ahead = next_freeze(environment.freezes, look.now)
            lead_s = lead_due(ahead, look.now) if ahead else None
        channels = self._channels(environment)
        if ahead is None or lead_s is None or not channels:
            return False
        async with self.store.transaction() as transaction:
            now = transaction.now
            if not await claim_notice(transaction.connection, environment.key, ahead.begin, lead_s, now):
                return False
            for channel in channels:
                reply = words.begins_soon(environment.key, ahead, ahead.begin - now)
                await transaction.post(Thread(Platform.SLACK, f"slack::{channel}:channel"), reply)
        return True

    def _channels(self, environment: SharedEnvironment) -> list[str]:
        services = services_of(Scope(ScopeKind.ENVIRONMENT, environment.key), self.catalogue)
        projects = [self.projects[each.project] for each in services if each.project in self.projects]
        return sorted({channel for project in projects for channel in project.slack_channels})


async def announce_for_ever(announcements: Announcements) -> None:
    while True:
        try:
            await announcements.look()
        except Exception as error:  # noqa: BLE001 - the database may be away; the next round tells
            log.warning("announcing_failed", reason=repr(error))
        await asyncio.sleep(_EVERY_S)

"""Local projects have no webhooks: their branches are looked at, as long as something follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bot.context_ports import ForgeUnavailable, Runtime, RuntimeUnavailable
from bot.domain.project import ForgeKind, Project
from bot.store.store import Store
from bot.worker.branches import Branches
from bot.worker.mains import Mains

log = structlog.get_logger()


async def follow(store: Store, runtime: Runtime, branches: Branches, mains: Mains, projects: Mapping[str, Project]) -> None:
    """One look at every local project that has environments, or artifacts that are to be merged."""
    for project in projects.values():
        if project.forge is not ForgeKind.LOCAL:
            continue
        async with store.look() as look:
            environments = [each for each in await look.environments.live(project.key) if each.is_wanted]
        if not environments and not await mains.waits(project):
            continue
        try:
            heads = await runtime.heads(project)
        except RuntimeUnavailable as error:
            log.warning("not_followed", project=project.key, reason=str(error))
            continue
        for ref in {each.ref for each in environments}:
            if any(each.sha != heads.get(ref) and not each.is_pinned for each in environments if each.ref == ref) or ref not in heads:
                await branches.is_at(project.key, ref, heads.get(ref))
        try:
            await mains.is_at(project, heads.get(f"refs/heads/{project.default_branch}"))
        except ForgeUnavailable as error:
            log.warning("not_followed", project=project.key, reason=str(error))


async def follow_for_ever(
    store: Store, runtime: Runtime, branches: Branches, mains: Mains, projects: Mapping[str, Project], every_s: float
) -> None:
    while True:
        try:
            await follow(store, runtime, branches, mains, projects)
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("follow_failed", reason=repr(error))
        await asyncio.sleep(every_s)

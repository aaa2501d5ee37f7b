"""Asking forges what is new: all the time where no hook can reach us, now and then for what hooks did not bring."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from bot import meters
from bot.chats.feed import Feed
from bot.context_ports import ForgeUnavailable, Runtime, RuntimeUnavailable
from bot.domain.command import Event
from bot.domain.cursor import Cursor, begin
from bot.domain.message import BranchDeleted, Incoming, Pushed, Said
from bot.domain.project import ForgeKind, Project
from bot.store import feeds, pauses
from bot.store.feeds import Listening
from bot.store.inbox import take_at_once
from bot.worker.leasing import Holder

log = structlog.get_logger()

_MOST_BEHIND_S = 7 * 86_400.0  # what was said before that is not even answered any more
_MOST_SEEN = 300
_ZEROS = "0" * 40


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks at a project: one that is polled, and one whose hooks are well."""

    poll_s: float
    catch_up_s: float


class Poller:
    """`look` looks at every project whose time has come and that nobody else looks at."""

    def __init__(self, holder: Holder, sources: Mapping[ForgeKind, Feed], runtime: Runtime, pace: Pace) -> None:
        self._holder = holder
        self._store = holder.store
        self._feeds = sources
        self._runtime = runtime
        self._pace = pace
        self._has_begun: set[str] = set()

    async def look(self, projects: Mapping[str, Project]) -> None:
        for project in projects.values():
            feed = self._feeds.get(project.forge)
            if feed is None or not await self._is_due(project):
                continue
            async with self._holder.holding(f"feed:{project.key}") as lease:
                if lease is not None and await self._is_due(project):
                    await self._look(project, feed)
                    self._has_begun.add(project.key)

    async def _is_due(self, project: Project) -> bool:
        """A worker that begins looks at once: it may have been away, and all others with it."""
        async with self._store.look() as look:
            last = await feeds.listening(look.connection, project.key)
            now = look.now
            if await pauses.until(look.connection, project.forge.value) > now:
                return False
        if last is None:
            return True
        is_often = project.is_polled or bool(last.hook_problem) or project.key not in self._has_begun
        return now - last.looked_at >= (self._pace.poll_s if is_often else self._pace.catch_up_s)

    async def _look(self, project: Project, feed: Feed) -> None:
        async with self._store.look() as look:
            last = await feeds.listening(look.connection, project.key)
            now = look.now
        before = _not_too_far(last or Listening(project.key, begin(now), now), now)
        cursor, problem, wait_s = before, "", 0.0
        hook_problem = last.hook_problem if last else ""
        try:
            hook_problem = "" if project.is_polled else await feed.hook_problem(project)
            news = await feed.news(project, before)
            heads = await self._runtime.heads(project)
            moved = await self._moved(project, before.heads, heads)
            missed, asked = await self._missed(project, feed, before, now)
            heard = [each for each in (*missed, *news.incoming) if each.key not in before.seen and not _is_from_a_bot(each)]
            fresh = [*heard, *moved]  # the heads are their own memory: a branch may come back to where it was
            await take_at_once(self._store, project.forge.value, "polled", fresh)
            seen = (*before.seen, *(each.key for each in heard))[-_MOST_SEEN:]
            cursor = msgspec.structs.replace(news.cursor, seen=seen, heads=dict(heads), **asked)
            if fresh:
                log.info("found_by_asking", project=project.key, count=len(fresh))
        except (ForgeUnavailable, RuntimeUnavailable) as error:
            problem, wait_s = str(error), getattr(error, "wait_s", None) or 0.0
            log.warning("not_polled", project=project.key, reason=problem)
        async with self._store.transaction() as transaction:
            if wait_s:
                meters.pauses.labels(project.forge.value).inc()
                await pauses.extend(transaction.connection, project.forge.value, transaction.now + wait_s)
            await feeds.listened(transaction.connection, project.key, cursor, now, problem)
            await feeds.hook_seen(transaction.connection, project.key, hook_problem)
            if hook_problem and not (last and last.hook_problem):
                log.warning("hook_is_off", project=project.key, reason=hook_problem)
                await transaction.note(Event(at=now, kind="hook_is_off", project=project.key, data={"reason": hook_problem}))

    async def _missed(self, project: Project, feed: Feed, before: Cursor, now: float) -> tuple[tuple[Incoming, ...], dict[str, Any]]:
        """What its webhook could not deliver, now and then and when we begin; what is to be remembered of that."""
        has_begun = project.key in self._has_begun
        if not project.has_hook or (has_begun and now - before.deliveries_asked_at < self._pace.catch_up_s):
            return (), {}
        try:
            missed = await feed.missed(project, before.delivered)
        except ForgeUnavailable as error:
            if error.wait_s is not None:
                raise
            log.warning("deliveries_not_asked", project=project.key, reason=str(error))
            return (), {}
        if missed.problem and missed.problem != before.deliveries_problem:
            log.warning("deliveries_unknown", project=project.key, reason=missed.problem)
        remembered = {"delivered": missed.until, "deliveries_asked_at": now, "deliveries_problem": missed.problem}
        return missed.incoming, remembered

    async def _moved(self, project: Project, before: Mapping[str, str] | None, heads: Mapping[str, str]) -> list[Incoming]:
        """Branches that have another head than last time. The first time, those that live environments follow."""
        if before is None:
            async with self._store.look() as look:
                followed = {each.ref: each.sha for each in await look.environments.live(project.key) if each.is_wanted}
            before = {**heads, **followed}
        moved: list[Incoming] = []
        name = f"{project.forge.value}:{project.id}"
        for ref in sorted({*before, *heads}):
            old, new = before.get(ref, _ZEROS), heads.get(ref)
            if new is None:
                moved.append(BranchDeleted(f"{name}:gone:{ref}:{old}", project.key, ref))
            elif old != new:
                moved.append(Pushed(f"{name}:push:{ref}:{old}..{new}", project.key, ref, new))
        return moved


def _not_too_far(last: Listening, now: float) -> Cursor:
    oldest, cursor = now - _MOST_BEHIND_S, last.cursor
    return msgspec.structs.replace(
        cursor,
        comments=max(cursor.comments, oldest),
        lines=max(cursor.lines, oldest),
        requests=max(cursor.requests, oldest),
    )


def _is_from_a_bot(incoming: Incoming) -> bool:
    return isinstance(incoming, Said) and incoming.person.is_bot


async def poll_for_ever(poller: Poller, projects: Mapping[str, Project], every_s: float) -> None:
    while True:
        try:
            await poller.look(projects)
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("poll_failed", reason=repr(error))
        await asyncio.sleep(every_s)

"""Telling the forges of environments: commit statuses and deployments, newest state only, each change once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import structlog

from bot import meters
from bot.chats.chat import ChatRefused, ChatUnavailable
from bot.chats.record import Placed, Recorder
from bot.domain.environment import Environment
from bot.domain.lifecycle import backoff_s
from bot.domain.project import ForgeKind, Project
from bot.domain.record import Deployment, RecordKind, Status, StatusState, deployment_of, status_of, superseded
from bot.store import pauses, recording
from bot.store.leases import Lease
from bot.store.recording import Waiting
from bot.worker.leasing import Holder

log = structlog.get_logger()

MOST_TRIES = 20


@dataclass(frozen=True)
class Told:
    """`words` is what the forge knows now, None when there is nothing to tell it."""

    words: Status | Deployment
    placed: Placed | None = None


class Records:
    """`tell` is called with an environment's id by the desk. `is_on` says whether a project wants records of a kind."""

    def __init__(
        self,
        holder: Holder,
        recorders: Mapping[ForgeKind, Recorder],
        projects: Mapping[str, Project],
        is_on: Callable[[str, RecordKind], bool],
    ) -> None:
        self._holder = holder
        self._store = holder.store
        self._recorders = recorders
        self._projects = projects
        self._is_on = is_on

    async def tell(self, environment_id: str) -> None:
        async with self._holder.holding(f"record:{environment_id}") as lease:
            while lease is not None and await self._tell_one(environment_id, lease):
                pass

    async def _tell_one(self, environment_id: str, lease: Lease) -> bool:
        """Tell what is due first; False when nothing is."""
        async with self._store.look() as look:
            waiting = await recording.next_of(look.connection, environment_id, look.now)
            environment = await look.environments.get(environment_id)
            project = self._projects.get(environment.project) if environment else None
            quiet_until = await pauses.until(look.connection, project.forge.value) if project else 0.0
            now = look.now
        if waiting is None:
            return False
        recorder = self._recorders.get(project.forge) if project else None
        if environment is None or project is None or recorder is None or not self._is_on(project.key, waiting.kind):
            await self._forget(waiting, lease)
        elif now < quiet_until:
            async with self._store.transaction(lease) as transaction:
                await recording.put_off(transaction.connection, waiting, quiet_until, is_tried=False)
        else:
            await self._try(environment, project, recorder, waiting, lease)
        return True

    async def _try(self, environment: Environment, project: Project, recorder: Recorder, waiting: Waiting, lease: Lease) -> None:
        async with self._store.transaction(lease) as transaction:
            await recording.put_off(transaction.connection, waiting, transaction.now + backoff_s(waiting.tries + 1))
        self._holder.must_hold(lease)
        tell = self._status if waiting.kind is RecordKind.STATUS else self._deployment
        try:
            told = await tell(environment, project, recorder, waiting)
        except ChatRefused as error:
            log.warning("record_refused", kind=waiting.kind.value, project=project.key, environment=environment.id, reason=str(error))
            await self._forget(waiting, lease)
        except ChatUnavailable as error:
            log.warning("record_put_off", kind=waiting.kind.value, project=project.key, reason=str(error))
            await self._again(project.forge, waiting, error, lease)
        else:
            async with self._store.transaction(lease) as transaction:
                await recording.told(transaction.connection, waiting, told.words, told.placed, transaction.now)

    async def _again(self, forge: ForgeKind, waiting: Waiting, error: ChatUnavailable, lease: Lease) -> None:
        """Later. A limit counts as no try, and everybody keeps it who speaks to that forge."""
        (meters.retries.labels("record") if error.retry_after_s is None else meters.pauses.labels(forge.value)).inc()
        if error.retry_after_s is None and waiting.tries + 1 >= MOST_TRIES:
            await self._forget(waiting, lease)
            return
        async with self._store.transaction(lease) as transaction:
            if error.retry_after_s is None:
                await recording.put_off(transaction.connection, waiting, transaction.now + backoff_s(waiting.tries + 1))
                return
            until = await pauses.extend(transaction.connection, forge.value, transaction.now + error.retry_after_s)
            await recording.put_off(transaction.connection, waiting, until, is_tried=False)

    async def _forget(self, waiting: Waiting, lease: Lease) -> None:
        async with self._store.transaction(lease) as transaction:
            await recording.forget(transaction.connection, waiting)

    async def _status(self, environment: Environment, project: Project, recorder: Recorder, waiting: Waiting) -> Told:
        wanted = status_of(environment)
        before = msgspec.convert(waiting.told, Status | None)
        if before is not None and before.sha != wanted.sha and before.state is StatusState.PENDING:
            await recorder.status(project, superseded(before))
        if wanted != before:
            await recorder.status(project, wanted)
        return Told(wanted)

    async def _deployment(self, environment: Environment, project: Project, recorder: Recorder, waiting: Waiting) -> Told:
        wanted, placed = deployment_of(environment), msgspec.convert(waiting.placed, Placed | None) or Placed()
        if wanted == msgspec.convert(waiting.told, Deployment | None):
            return Told(wanted, placed)
        return Told(wanted, await recorder.deploy(project, wanted, placed, is_again=waiting.tries > 0))

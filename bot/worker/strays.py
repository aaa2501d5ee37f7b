"""The account against the rows: what has no counterpart is told, adopted, made again or taken down, none of it at first sight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from bot import meters
from bot.context_ports import Runtime
from bot.domain.command import Event
from bot.domain.environment import Environment, State
from bot.domain.project import Project
from bot.domain.strays import Act, Kind, Look, Patience, Stray, in_turn, seen_again, verdict
from bot.replies.life import branch_missing
from bot.store.store import Store
from bot.store.strays import Held
from bot.store.transaction import Transaction
from bot.worker.adopt import Adoption
from bot.worker.comparing import Seen, by_environment, compare
from bot.worker.leasing import Holder
from bot.worker.reconcile import bring_back
from provisioner.engine import Engine, EngineFailed, EngineUnavailable, Observed, Remembering, StaleFence
from provisioner.machines import Machines, States

log = structlog.get_logger()

LEASE = "strays"
_ENDS = {Kind.EMPTY: ("nothing of it was left", "nothing_left"), Kind.BRANCH: ("its branch was deleted", "branch_deleted")}


@dataclass(frozen=True)
class Account:
    """`has_all`: every environment has a machine in it, so that one without is missed; but for those of engines that are `machineless`."""

    machines: Machines
    states: States
    has_all: bool
    machineless: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sweeping:
    """What is looked at and how. In a dry run nothing is done but to look."""

    account: Account
    projects: Mapping[str, Project]
    patience: Patience
    every_s: float
    is_dry: bool = False


class Strays:
    """`look` is one round, of one worker at a time. What cannot be seen as a whole is not judged at all."""

    def __init__(self, holder: Holder, engine: Engine, runtime: Runtime, adoption: Adoption, sweeping: Sweeping) -> None:
        self._holder, self._engine, self._runtime, self._adoption, self.sweeping = holder, engine, runtime, adoption, sweeping
        self._store: Store = holder.store
        self._acts: dict[Act, Callable[[Stray], Awaitable[None]]] = {
            Act.ADOPT: self._adopt,
            Act.REMAKE: self._remake,
            Act.ASK: self._ask,
            Act.CLOSE: self._close,
            Act.DESTROY: self._destroy,
        }

    async def look(self) -> Sequence[tuple[Stray, Act]]:
        """What was found, with what its time had come for. Raises EngineUnavailable when the account cannot be seen."""
        async with self._holder.holding(LEASE) as lease:
            if lease is None:
                return []
            try:
                found, look = await self._seen()
            except EngineUnavailable as error:
                await self._unseen(str(error))
                raise
            async with self._store.transaction(lease) as transaction:
                await transaction.strays.replace([stray for stray, _ in found], look)
            self._tell(found, look)
            if not self.sweeping.is_dry:
                for stray, act in in_turn(found, self.sweeping.patience.most_at_once):
                    await self._carry_out(stray, act)
            return found

    async def preview(self) -> tuple[Sequence[tuple[Stray, Act]], Look]:
        """What a look would find now, and what would be done about it. Nothing is written."""
        return await self._seen()

    # ------------------------------------------------------------ looking
    async def _unseen(self, problem: str) -> None:
        """What was seen last stays, with what is in the way now."""
        async with self._store.transaction() as transaction:
            last = await transaction.strays.last_look() or Look(at=transaction.now, took_s=0, machines=0, rows=0, states=0)
            await transaction.strays.looked(msgspec.structs.replace(last, problem=problem))

    async def _seen(self) -> tuple[Sequence[tuple[Stray, Act]], Look]:
        began, account = time.monotonic(), self.sweeping.account
        async with self._store.look() as look:
            live = await look.strays.held([])
        # Rows first: what is made meanwhile has its row before its machine, and is found by its id below.
        machines, states = await account.machines.all(), await account.states.all()
        heads = await self._heads({each.project for each in live.values() if each.state})
        async with self._store.look() as look:
            rows = await look.strays.held({each.environment for each in machines} | states)
            before = {(each.kind, each.subject): each for each in await look.strays.all()}
            now = look.now
        twins = {id_ for id_, each in by_environment(machines).items() if len(each) > 1 and id_ in states}
        of_state = {id_: await account.states.machines(id_) for id_ in sorted(twins)}
        found = compare(Seen(rows, machines, states, of_state, heads, account.machineless))
        minded = [await self._remembered(each, rows) for each in found if self._minds(each)]
        strays = [seen_again(before.get((each.kind, each.subject)), each, now) for each in minded]
        told = Look(
            at=now,
            took_s=time.monotonic() - began,
            machines=len(machines),
            rows=sum(each.is_live for each in rows.values()),
            states=len(states),
        )
        return [(each, verdict(each, self.sweeping.patience, now)) for each in strays], told

    def _minds(self, stray: Stray) -> bool:
        return self.sweeping.account.has_all or stray.kind not in {Kind.BARE, Kind.EMPTY}

    async def _heads(self, projects: set[str]) -> Mapping[str, frozenset[str]]:
        """Of those that can be asked: a forge that is away has no branches to miss."""
        found = {}
        for key in sorted(projects & self.sweeping.projects.keys()):
            try:
                found[key] = frozenset(await self._runtime.heads(self.sweeping.projects[key]))
            except Exception as error:  # noqa: BLE001 - whatever is the matter with one project, the others are looked at
                log.warning("branches_not_seen", project=key, reason=str(error))
        return {key: heads for key, heads in found.items() if heads}

    async def _remembered(self, stray: Stray, rows: Mapping[str, Held]) -> Stray:
        """What no row tells of may be of after the copy of the database that was put back."""
        if stray.environment in rows or stray.kind not in {Kind.UNKNOWN, Kind.STATE}:
            return stray
        known = await self._memory(stray.environment)
        has_run = known is not None and known.generation is not None
        is_ours = known is not None and known.project in self.sweeping.projects
        return msgspec.structs.replace(stray, is_known=has_run and (is_ours or stray.kind is Kind.STATE))

    async def _memory(self, environment: str) -> Observed | None:
        return await self._engine.remembered(environment) if environment and isinstance(self._engine, Remembering) else None

    def _tell(self, found: Sequence[tuple[Stray, Act]], look: Look) -> None:
        meters.stray_look_seconds.observe(look.took_s)
        for stray, act in found:
            if act is not Act.WAIT:
                log.warning("stray", kind=stray.kind.value, subject=stray.subject, environment=stray.environment, act=act.value)

    # ------------------------------------------------------------ doing
    async def _carry_out(self, stray: Stray, act: Act) -> None:
        try:
            await self._acts[act](stray)
        except (EngineFailed, EngineUnavailable, StaleFence) as error:
            log.warning("stray_in_trouble", kind=stray.kind.value, subject=stray.subject, reason=str(error))
        else:
            meters.strays_done.labels(stray.kind.value, act.value).inc()

    async def _adopt(self, stray: Stray) -> None:
        known = await self._memory(stray.environment)
        if known is not None:
            await self._adoption.catch_up([known])
            await self._adoption.adopt(known)

    async def _remake(self, stray: Stray) -> None:
        await bring_back(self._store, stray.environment)

    async def _ask(self, stray: Stray) -> None:
        """Its owner has the first word: `keep` lets it stay."""
        async with self._store.transaction() as transaction:
            row = await transaction.environments.locked(stray.environment)
            if row is not None and row.is_wanted and row.is_live:
                goes_at = transaction.now + self.sweeping.patience.asked_s
                await transaction.post(row.thread, branch_missing(row, goes_at))
                await transaction.strays.was_asked(stray)

    async def _close(self, stray: Stray) -> None:
        reason, code = _ENDS[stray.kind]
        async with self._store.transaction() as transaction:
            row = await transaction.environments.locked(stray.environment)
            if row is None or not row.is_wanted or (stray.kind is Kind.EMPTY and row.state is not State.FAILED) or row.is_kept:
                return
            await transaction.edit(msgspec.structs.replace(row, is_wanted=False, gone_reason=reason, gone_code=code))
            await transaction.note(_event(row, transaction, reason))

    async def _destroy(self, stray: Stray) -> None:
        """By Terraform, which knows all of it, and then the machine itself, which Terraform may not know."""
        if stray.kind is Kind.TWIN:
            await self._remove_twin(stray)
            return
        if stray.environment:
            async with self._holder.holding(f"environment:{stray.environment}") as lease:
                if lease is None or await self._is_somebodys(stray.environment):
                    return
                await self._engine.destroy(stray.environment, lease.fence)
        if stray.kind is not Kind.STATE:
            await self.sweeping.account.machines.remove(stray.subject)

    async def _is_somebodys(self, environment: str) -> bool:
        """Looked at again while nobody else can work on it."""
        async with self._store.look() as look:
            row = await look.strays.one(environment)
        return row is not None and row.is_live

    async def _remove_twin(self, stray: Stray) -> None:
        """The one that its state knows stays; asked again while nobody can be making another."""
        async with self._holder.holding(f"environment:{stray.environment}") as lease:
            known = await self.sweeping.account.states.machines(stray.environment) if lease else frozenset[str]()
            if known and stray.subject not in known:
                await self.sweeping.account.machines.remove(stray.subject)


def _event(row: Environment, transaction: Transaction, reason: str) -> Event:
    return Event(at=transaction.now, kind="unwanted", environment_id=row.id, project=row.project, actor="trellis", data={"reason": reason})


async def look_for_strays_for_ever(strays: Strays) -> None:
    while True:
        await asyncio.sleep(strays.sweeping.every_s)
        try:
            await strays.look()
        except EngineUnavailable as error:
            log.warning("strays_not_looked_for", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("strays_failed", reason=repr(error))

"""The driver: claims an environment and moves its status towards its spec, one step at a time."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress

import msgspec
import structlog

from bot import meters, tracing
from bot.domain.command import Event
from bot.domain.datasets import SEEDING, offered
from bot.domain.devenv import FILE, FILES, DevEnv
from bot.domain.devenv_choice import Allowed, Choice
from bot.domain.environment import STALE_HEAD, Address, Environment, Failure, State
from bot.domain.errors import LeaseLost
from bot.domain.lifecycle import Step, backoff_s, next_step
from bot.domain.project import Project
from bot.redaction import KNOWN
from bot.store.leases import Lease
from bot.store.traced import key_of_environment
from bot.worker import settle
from bot.worker.bound import Bound, Heads
from bot.worker.equipment import Equipment, NotEquipped
from bot.worker.interrupting import Interrupting, Unwanted
from bot.worker.leasing import Holder
from bot.worker.offering import Offering
from bot.worker.progress import Progress
from bot.worker.seeding import Seeding
from bot.worker.spec import as_wished, check_place, check_wall, choice_of, config_of, equipped, runs_tilt, source_for, spec_of
from bot.worker.turns import Turns
from processes.killpoint import killpoint
from provisioner.engine import Access, Engine, EngineFailed, EngineUnavailable, StageName, StaleFence

log = structlog.get_logger()

MOST_TROUBLES = 8


class Environments:
    """`drive` is called with an id by the desks; any number of workers may call it at once."""

    def __init__(
        self,
        holder: Holder,
        engine: Engine,
        projects: Mapping[str, Project],
        host_id: str,
        allowed: Allowed,
        after_ready: Callable[[Environment], Awaitable[None]],
        turns: Turns,
        heads: Heads,
        equipment: Equipment,
        offering: Offering | None = None,
        dashboard: str = "",
    ) -> None:
        self._holder = holder
        self._store = holder.store
        self._engine = engine
        self._projects = projects
        self._host_id = host_id
        self._allowed = allowed
        self._after_ready = after_ready
        self._prices = turns.terms.prices
        self._heads = heads
        self._equipment = equipment
        self._offering = offering or Offering()
        self._dashboard = dashboard
        self._interrupting = Interrupting(holder.store)
        self._seeding = Seeding(holder.store, engine, projects, self._offering.offer, self._interrupting, dashboard)
        self._steps: dict[Step, Callable[[Environment, Lease], Awaitable[None]]] = {
            Step.EXPIRE: self._expire,
            Step.DESTROY: self._destroy,
            Step.CANCEL: self._cancel,
            Step.APPLY: self._apply,
            Step.PAUSE: self._pause,
            Step.RESTART: self._restart,
            Step.SEED: self._seeding.step,
            Step.TURN: turns.take,
        }

    def nudge(self, id: str) -> None:
        """Its spec may have been edited while we work on it."""
        self._interrupting.nudge(id)

    async def drive(self, id: str) -> None:
        while True:
            async with self._holder.holding(f"environment:{id}") as lease:
                if lease is None:
                    return
                killpoint("worker.claimed")
                await self._drive(id, lease)
            # An edit between our last look and letting go rang a bell that found us holding: look once more.
            async with self._store.look() as look:
                environment = await look.environments.get(id)
                if environment is None or next_step(environment, look.now) is None:
                    return

    async def _drive(self, id: str, lease: Lease) -> None:
        while True:
            async with self._store.look() as look:
                environment = await look.environments.get(id)
                step = next_step(environment, look.now) if environment else None
            if environment is None or step is None:
                return
            try:
                with tracing.part(f"step {step}", await self._trace_of(id), environment=id, generation=environment.generation):
                    await self._steps[step](environment, lease)
            except Unwanted:
                continue
            except StaleFence as error:
                raise LeaseLost(lease.name) from error
            except LeaseLost:
                raise
            except EngineUnavailable as error:
                await self._trouble(environment, lease, step, str(error), "engine_unavailable")
            except NotEquipped as error:
                await self._trouble(environment, lease, step, str(error), "not_equipped")
            except Exception:
                reference = secrets.token_hex(4)
                log.exception("step_failed", environment=id, step=step, reference=reference)
                await self._trouble(environment, lease, step, f"something went wrong on our side, in the log as {reference}", "internal")

    async def _trace_of(self, id: str) -> str:
        if not tracing.is_on():
            return id
        async with self._store.look() as look:
            return await key_of_environment(look.connection, id)

    # -- steps -----------------------------------------------------------------------------------

    async def _apply(self, environment: Environment, lease: Lease) -> None:
        progress = Progress(self._store, lease, environment)
        try:
            with closing(progress):
                access = await self._interrupting.unless_unwanted(environment, self._make(environment, lease, progress))
        except EngineFailed as error:
            failure = _failure(error)
            if error.code == STALE_HEAD:
                await self._engine.abandon(environment.id, environment.generation, lease.fence)
            async with self._store.transaction(lease) as transaction:
                row = await transaction.environments.locked(environment.id)
                if row and row.generation == environment.generation:
                    await settle.failed(transaction, row, environment.generation, failure)
            if row and not row.running_generation:
                with suppress(NotEquipped):  # it hears too much until it goes
                    await self._hears_nothing(row)
            return
        killpoint("worker.applied")
        addresses = tuple(Address(each.service, each.url) for each in access.addresses)
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                began_at = progress.first_began_at
                await progress.write_end(transaction, row)
                page = f"{self._dashboard}/environments/{row.slug}"
                running = settle.Running(access.sha, addresses, access.upstream, self._host_id)
                await settle.ready(transaction, row, environment.generation, running, began_at, page)
        progress.recorded()
        killpoint("worker.ready")
        if not environment.is_pinned:
            await self._after_ready(environment)

    async def _make(self, environment: Environment, lease: Lease, progress: Progress) -> Access:
        project = self._projects.get(environment.project)
        if project is None:
            raise EngineFailed(StageName.PROVISIONING, f"the project {environment.project} is no longer configured", code="unknown_project")
        report = Bound(progress, self._heads, environment, project)
        await report.begin(StageName.PROVISIONING)
        made_at = environment.created_at if environment.generation == 1 else None  # what was recorded then may be gone by a later push
        files = await self._engine.read(source_for(environment, project), FILES)
        offer = await self._offering.now(files.get(FILE))
        config = config_of(files, offer, made_at, runs_tilt=runs_tilt(self._engine, project.key))
        check_place(environment, config)
        choice = choice_of(environment, config, project.sizes)
        environment = await self._settled(environment, config, choice, lease)
        check_wall(config, choice, offer)
        spec = spec_of(environment, project, choice)
        if config.trading:
            spec = equipped(spec, config.trading, await self._equipment.give(environment.id, config.trading), offer)
        access = await self._engine.apply(spec, lease.fence, report)
        if environment.is_trading:
            await self._equipment.runs(environment.id, config.trading)
        return access

    async def _settled(self, environment: Environment, config: DevEnv, choice: Choice, lease: Lease) -> Environment:
        """What nobody said is as the file at this commit says; and it is written down that something is given that is to be taken back."""
        known = offered(config.seeds, self._projects[environment.project].datasets, is_fork=environment.is_fork)
        menu = {each.name: each.description for each in known.values()}
        is_told = environment.is_trading or not config.trading
        if not environment.left_to_file and is_told and environment.seeds.offered == menu:
            return environment
        async with self._store.transaction(lease) as transaction:
            row = await transaction.environments.locked(environment.id)
            if row is None or row.generation != environment.generation:
                raise Unwanted
            wished = as_wished(row, choice, self._allowed, transaction.now, is_fork=row.is_fork)
            is_trading = row.is_trading or config.trading is not None
            wished = msgspec.structs.replace(wished, is_trading=is_trading, seeds=row.seeds.of(menu))
            return row if wished == row else await transaction.save(wished)

    async def _restart(self, environment: Environment, lease: Lease) -> None:
        failure: Failure | None = None
        try:
            restarting = self._engine.restart(environment.id, environment.restart_service or None, lease.fence, environment.restart_count)
            await self._interrupting.unless_unwanted(environment, restarting)
        except EngineFailed as error:
            failure = _failure(error)
        killpoint("worker.restarted")
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                await settle.restarted(transaction, row, environment.restart_count, failure)

    async def _pause(self, environment: Environment, lease: Lease) -> None:
        await self._engine.pause(environment.id, lease.fence)
        await self._hears_nothing(environment)
        killpoint("worker.paused")
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                await settle.paused(transaction, row)

    async def _cancel(self, environment: Environment, lease: Lease) -> None:
        await self._engine.abandon(environment.id, environment.generation, lease.fence)
        if not environment.running_generation:
            await self._hears_nothing(environment)
        killpoint("worker.abandoned")
        async with self._store.transaction(lease) as transaction:
            row = await transaction.environments.locked(environment.id)
            if row and row.cancelled_generation >= row.generation:
                await settle.cancelled(transaction, row)

    async def _expire(self, environment: Environment, lease: Lease) -> None:
        async with self._store.transaction(lease) as transaction:
            row = await transaction.environments.locked(environment.id)
            if row is None or not row.is_wanted or transaction.now < row.expires_at:
                return
            changed = msgspec.structs.replace(row, is_wanted=False, gone_reason="its time was over", gone_code="expired")
            await transaction.edit(changed)
            await transaction.note(self._event(row, transaction.now, "unwanted", reason=changed.gone_reason))

    async def _destroy(self, environment: Environment, lease: Lease) -> None:
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                await transaction.save(row.move(State.TERMINATING))
        killpoint("worker.terminating")
        await self._engine.destroy(environment.id, lease.fence, grace_s=0.0 if environment.is_forced else None)
        killpoint("worker.destroyed")
        await self._taken_back(environment)
        async with self._store.transaction(lease) as transaction:
            if row := await transaction.environments.locked(environment.id):
                await settle.gone(transaction, row, self._prices())
        killpoint("worker.gone")

    async def _hears_nothing(self, environment: Environment) -> None:
        """Nothing of it runs."""
        if environment.is_trading:
            await self._equipment.rest(environment.id)

    async def _taken_back(self, environment: Environment) -> None:
        """What cannot be done for long keeps no environment from going: `leftovers` does it as soon as it can be done."""
        try:
            if environment.is_trading:
                await self._equipment.take_back(environment.id)
        except NotEquipped as error:
            if environment.troubles + 1 < MOST_TROUBLES:
                raise
            log.warning("not_taken_back", environment=environment.id, reason=str(error))

    # -- around them -----------------------------------------------------------------------------

    async def _trouble(self, environment: Environment, lease: Lease, step: Step, reason: str, code: str) -> None:
        """Our own fault: try again after a while. Making is given up after some tries, taking down never."""
        async with self._store.transaction(lease) as transaction:
            row = await transaction.environments.locked(environment.id)
            if row is None:
                return
            troubles = row.troubles + 1
            await transaction.note(self._event(row, transaction.now, "trouble", reason=reason, step=step.value))
            if troubles >= MOST_TROUBLES and step is Step.APPLY and row.generation == environment.generation:
                await settle.failed(transaction, row, environment.generation, Failure(code, reason, row.stage))
                return
            if troubles >= MOST_TROUBLES and step is Step.RESTART:
                await settle.restarted(transaction, row, environment.restart_count, Failure(code, reason))
                return
            if troubles >= MOST_TROUBLES and step is Step.SEED:
                await self._seeding.settle(transaction, row, environment.seeds.asked, Failure(code, reason, SEEDING))
                return
            meters.retries.labels("environment").inc()
            await transaction.save(msgspec.structs.replace(row, troubles=troubles, retry_at=transaction.now + backoff_s(troubles)))

    def _event(self, environment: Environment, now: float, kind: str, **data: str) -> Event:
        return Event(at=now, kind=kind, environment_id=environment.id, project=environment.project, actor="trellis", data=dict(data))


def _failure(error: EngineFailed) -> Failure:
    """What is kept and shown of it; a secret of ours that a build wrote is not."""
    return Failure(error.code, KNOWN.text(error.reason), error.stage.value, KNOWN.lines(error.log))

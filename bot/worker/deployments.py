"""The driver of deployments: claims one and brings it on, step by step; what runs goes on when whoever drives it is gone."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import structlog

from bot import meters, tracing
from bot.approvers import Approvers
from bot.approving import is_approved, moved, needs_a_word, plan_anew
from bot.beginnings import facts_of, may_it_begin
from bot.continuous import follow_on
from bot.domain.artifact import ArtifactKind
from bot.domain.beginning import Asks, Go, Refuse, Wait, may_be_planned
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.deploying import Step, next_step
from bot.domain.deployment import Deployment, Rollout, Waits
from bot.domain.errors import LeaseLost
from bot.domain.gates import Word
from bot.domain.lifecycle import backoff_s
from bot.store.leases import Lease
from bot.store.transaction import Transaction
from bot.worker import settle_deployment as settle
from bot.worker.deploy_jobs import Files, Given, items_in
from bot.worker.deploy_plans import held_against
from bot.worker.deploy_runs import Purpose, RunLost, RunnerOf, Runs
from bot.worker.leasing import Holder
from bot.worker.requests import Asked
from deploy.artifacts import NotFetched, NotFetchedNow
from deploy.runner import CannotRun, Rights, RunnerUnavailable
from processes.killpoint import killpoint

log = structlog.get_logger()

MOST_TROUBLES = 8
STALE = "stale_base"
"""libdeploy's word for: what is there has moved since it was planned, so nothing was done."""


class Over(Exception):  # noqa: N818 - nothing is left to be done
    """It has ended by now."""


class Deployments:
    """`drive` is called with an id by the desk; any number of workers may call it at once."""

    def __init__(self, holder: Holder, runner_of: RunnerOf, files: Files, catalogue: Catalogue, asked: Asked, approvers: Approvers) -> None:
        self._holder = holder
        self._store = holder.store
        self._runs = Runs(runner_of)
        self._files = files
        self._catalogue = catalogue
        self._approvers = approvers
        self._gates, self._requests = asked.gates, asked.requests
        self._steps: dict[Step, Callable[[Deployment, Lease], Awaitable[None]]] = {
            Step.END: self._end,
            Step.PLAN: self._plan,
            Step.BIND: self._bind,
            Step.BEGIN: self._begin,
            Step.APPLY: self._apply,
        }

    async def drive(self, id: str) -> None:
        while True:
            async with self._holder.holding(f"deployment:{id}") as lease:
                if lease is None:
                    return
                killpoint("worker.deployment.claimed")
                await self._drive(id, lease)
            # Whoever called it while we held it found us holding: look once more.
            if await self._next(id) is None:
                return

    async def _next(self, id: str) -> tuple[Deployment, Step] | None:
        async with self._store.look() as look:
            deployment = await look.rollouts.part(id)
            rollout = await look.rollouts.get(deployment.rollout_id) if deployment else None
            step = next_step(deployment, look.now, is_bound=self._is_bound(rollout)) if deployment and rollout else None
        return (deployment, step) if deployment and step else None

    def _is_bound(self, rollout: Rollout) -> bool:
        """Whether its plans are for what is there: where somebody is to say yes to them, or only wants to see them."""
        return rollout.plan_only or needs_a_word(rollout, self._place(rollout.environment))

    def _place(self, key: str) -> SharedEnvironment:
        """One that is no longer configured has no rules of its own."""
        return self._catalogue.environments.get(key) or SharedEnvironment(key, 0)

    async def _drive(self, id: str, lease: Lease) -> None:
        while found := await self._next(id):
            deployment, step = found
            try:
                with tracing.part(f"deploy {step}", deployment.rollout_id, deployment=id):
                    await self._steps[step](deployment, lease)
            except Over:
                return
            except LeaseLost:
                raise
            except (CannotRun, NotFetched, RunLost) as error:
                await self._cannot(deployment, lease, getattr(error, "code", "cannot_run"), str(error))
            except (RunnerUnavailable, NotFetchedNow) as error:
                await self._trouble(deployment, lease, step, str(error), "runner_unavailable")
            except Exception:
                reference = secrets.token_hex(4)
                log.exception("deploy_step_failed", deployment=id, step=step, reference=reference)
                await self._trouble(deployment, lease, step, f"something went wrong on our side, in the log as {reference}", "internal")

    # -- steps -----------------------------------------------------------------------------------

    async def _end(self, deployment: Deployment, lease: Lease) -> None:
        async with self._working(deployment, lease) as (transaction, row, rollout):
            if not row.is_wanted and row.began_at is None:
                await settle.cancelled(transaction, row, rollout)

    async def _plan(self, deployment: Deployment, lease: Lease) -> None:
        """No rights, nobody asked but its gates: what is wanted, as bytes with a hash."""
        if (words := await self._words(deployment)) and not await self._passes(deployment, lease, words):
            return
        given = replace(await self._given(deployment), live=None)
        if given.artifact.kind is ArtifactKind.IMAGE:
            await self._files.see_image(given.artifact.sha256, given.artifact.address)
        said, seen = await self._runs.run(given, Purpose.PLAN, Rights(), self._keep_run(lease), is_wanted=self._is_wanted)
        result = held_against(given, said, seen.made)
        killpoint("worker.deployment.planned")
        async with self._working(deployment, lease) as (transaction, row, rollout):
            if row.plan_hash or not row.is_wanted:
                return
            if not result.is_good or seen.made is None:
                await settle.failed(transaction, row, rollout, result)
                return
            await transaction.rollouts.keep_plan(row.id, seen.made)
            after = await settle.planned(transaction, row, result, items_in(seen.made))
            if not self._is_bound(rollout):
                await settle.ready_to_begin(transaction, after, rollout, None)

    async def _bind(self, deployment: Deployment, lease: Lease) -> None:
        """What is there is looked at with rights, by nobody's code but libdeploy's; then it is planned against that, without."""
        given, keep = await self._given(deployment), self._keep_run(lease)
        if given.environment.merged_only and not given.artifact.is_merged:
            await self._cannot(deployment, lease, "not_merged", f"{given.environment.key} takes only what is merged")
            return
        rights = Rights(given.environment.rights)
        looked, seen = await self._runs.run(given, Purpose.LOOK, rights, keep, is_wanted=self._is_wanted)
        result, made = looked, seen
        if looked.is_good and seen.made is not None:
            said, made = await self._runs.run(replace(given, live=seen.made), Purpose.BIND, Rights(), keep, is_wanted=self._is_wanted)
            result = held_against(given, said, made.made)
        killpoint("worker.deployment.bound")
        async with self._working(deployment, lease) as (transaction, row, rollout):
            if row.base or not row.is_wanted:
                return
            if not result.is_good or seen.made is None or made.made is None:
                await settle.failed(transaction, row, rollout, result)
            elif result.plan_hash != row.plan_hash:
                await settle.failed(transaction, row, rollout, settle.another_plan(result))
            else:
                await transaction.rollouts.keep_plan(row.id, made.made, seen.made)
                after = await settle.bound(transaction, row, result)
                if rollout.plan_only:
                    await settle.only_planned(transaction, after, rollout)
                else:
                    await settle.ready_to_begin(transaction, after, rollout, self._approvers)

    async def _words(self, deployment: Deployment) -> tuple[Word, ...]:
        """What its gates say now, whom no transaction waits for."""
        if not self._gates.stand_before(deployment.service):
            return ()
        async with self._store.look() as look:
            artifact, rollout = await look.artifacts.get(deployment.artifact_id), await look.rollouts.get(deployment.rollout_id)
        return await self._gates.words(artifact, deployment.environment, rollout.kind) if artifact and rollout else ()

    async def _passes(self, deployment: Deployment, lease: Lease, words: tuple[Word, ...]) -> bool:
        async with self._working(deployment, lease) as (transaction, row, rollout):
            facts = await facts_of(row, rollout, self._catalogue, transaction, words)
            answer = may_be_planned(row, rollout, facts, transaction.now)
            if isinstance(answer, Wait):
                await settle.waits(transaction, row, rollout, answer)
            elif answer is not None:
                await settle.refused(transaction, row, rollout, answer)
        return answer is None

    async def _begin(self, deployment: Deployment, lease: Lease) -> None:
        """Asked at its turn, and answered in the transaction that claims."""
        await self._requests.begins(deployment)
        words = await self._words(deployment)
        async with self._working(deployment, lease) as (transaction, row, rollout):
            if next_step(row, transaction.now, is_bound=self._is_bound(rollout)) is not Step.BEGIN:
                return
            answer = await may_it_begin(row, rollout, self._catalogue, transaction, words)
            if needs_a_word(rollout, self._place(rollout.environment)):
                if not await is_approved(transaction, row, rollout):
                    asks = Wait(Waits.APPROVAL, self._asks(rollout, row))
                    answer = answer if isinstance(answer, Refuse) else asks  # nobody is asked for what may not go there any more
                elif (instead := await moved(transaction, row, rollout, self._catalogue)) is not None:
                    await plan_anew(transaction, row, rollout, instead)
                    return
            if isinstance(answer, Go) and not await transaction.slots.claim(row):
                answer = Wait(Waits.TURN)
            match answer:
                case Go():
                    await settle.begun(transaction, row, rollout, answer, self._approvers.audience)
                case Wait():
                    await settle.waits(transaction, row, rollout, answer)
                case Refuse():
                    await settle.refused(transaction, row, rollout, answer)
        killpoint("worker.deployment.begun")

    def _asks(self, rollout: Rollout, row: Deployment) -> Asks:
        return Asks(self._approvers.of_deploy([row.service], row.environment, rollout.person))

    async def _apply(self, deployment: Deployment, lease: Lease) -> None:
        """Exactly the plan there is. A run that is there already is followed to its end."""
        given = await self._given(deployment)
        if given.needs_file:
            given = replace(given, file=await self._files.file(given.artifact.sha256, given.artifact.address))

        async def told(made: int) -> None:
            async with self._working(deployment, lease) as (transaction, row, _):
                await settle.went_on(transaction, row, made)

        rights = Rights(given.environment.rights)
        result, _ = await self._runs.run(given, Purpose.APPLY, rights, self._keep_run(lease), told, self._is_wanted)
        killpoint("worker.deployment.applied")
        async with self._working(deployment, lease) as (transaction, row, rollout):
            if result.code == STALE and row.is_wanted:
                await settle.stale(transaction, row, rollout)
            elif result.is_good and result.plan_hash == row.plan_hash:
                await settle.succeeded(transaction, row, rollout, given.artifact, result)
                await follow_on(row, self._catalogue, transaction)
            elif result.is_good:
                await settle.failed(transaction, row, rollout, settle.another_plan(result))
            elif not row.is_wanted and result.outcome != "taken_back":
                await settle.cancelled(transaction, row, rollout, result)
            else:
                await settle.failed(transaction, row, rollout, result)
        killpoint("worker.deployment.settled")

    # -- around them -----------------------------------------------------------------------------

    @asynccontextmanager
    async def _working(self, deployment: Deployment, lease: Lease) -> AsyncIterator[tuple[Transaction, Deployment, Rollout]]:
        """The rows as they are now, kept from others; in this order, so that nobody waits for each other. Raises Over."""
        async with self._store.transaction(lease) as transaction:
            await transaction.lock_beginnings()
            await transaction.slots.locked(deployment.service, deployment.environment)
            rollout = await transaction.rollouts.locked(deployment.rollout_id)
            row = await transaction.rollouts.locked_part(deployment.id)
            if rollout is None or row is None or row.is_over:
                raise Over(deployment.id)
            yield transaction, row, rollout

    async def _given(self, deployment: Deployment) -> Given:
        async with self._store.look() as look:
            artifact = await look.artifacts.get(deployment.artifact_id)
            plan, live = await look.rollouts.plan(deployment.id) or (None, None)
            previous, _ = await look.rollouts.plan(deployment.previous_id) or (None, None) if deployment.previous_id else (None, None)
        if artifact is None:
            raise RuntimeError(f"the artifact of deployment {deployment.id} is not there")
        return Given(deployment, artifact, self._place(deployment.environment), plan, live, previous)

    def _keep_run(self, lease: Lease) -> Callable[[Deployment, str], Awaitable[None]]:
        async def keep(deployment: Deployment, id: str) -> None:
            """Known before it is started, so that whoever comes after us finds it."""
            if deployment.run_id == id:
                return
            async with self._working(deployment, lease) as (transaction, row, _):
                await transaction.save_deployment(msgspec.structs.replace(row, run_id=id))

        return keep

    async def _is_wanted(self, id: str) -> bool:
        async with self._store.look() as look:
            row = await look.rollouts.part(id)
        return row is not None and row.is_wanted

    async def _cannot(self, deployment: Deployment, lease: Lease, code: str, reason: str) -> None:
        with contextlib.suppress(Over):
            async with self._working(deployment, lease) as (transaction, row, rollout):
                await settle.failed(transaction, row, rollout, settle.not_begun(code, reason))

    async def _trouble(self, deployment: Deployment, lease: Lease, step: Step, reason: str, code: str) -> None:
        """Our own fault, or somebody is away: try again after a while. What has begun is never given up, for it may be done."""
        with contextlib.suppress(Over):
            async with self._working(deployment, lease) as (transaction, row, rollout):
                troubles = row.troubles + 1
                if troubles >= MOST_TROUBLES and step is not Step.APPLY:
                    await settle.failed(transaction, row, rollout, settle.not_begun(code, reason))
                    return
                meters.retries.labels("deployment").inc()
                await settle.held_up(transaction, row, reason, troubles, transaction.now + backoff_s(troubles))

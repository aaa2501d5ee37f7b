"""Runs: started once, followed by their id to their end, whoever started them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

from bot.domain.deploying import next_run_id, run_id
from bot.domain.deployment import Deployment
from bot.worker.deploy_jobs import Given, Result, result_of
from deploy.runner import Observed, OtherJob, Rights, Runner, State, Step
from processes.killpoint import killpoint

MOST_TRIES = 5
WITHIN_S = {Step.PLAN: 60.0, Step.LOOK: 120.0, Step.APPLY: 600.0}
_ASK_S = 0.5
"""How often it is asked whether it is wanted still."""

KeepRun = Callable[[Deployment, str], Awaitable[None]]
Told = Callable[[int], Awaitable[None]]
RunnerOf = Callable[[str], Runner]
IsWanted = Callable[[str], Awaitable[bool]]


class Purpose(StrEnum):
    """What a deployment needs runs for. BIND plans once more, against what LOOK saw."""

    PLAN = "plan"
    LOOK = "look"
    BIND = "bind"
    APPLY = "apply"

    @property
    def step(self) -> Step:
        return Step.PLAN if self is Purpose.BIND else Step(self.value)


class RunLost(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It did not come to an end however often it was started."""


async def _nobody(_: int) -> None:
    return None


async def _always(_: str) -> bool:
    return True


class Runs:
    """`runner_of` says who runs what is for an environment."""

    def __init__(self, runner_of: RunnerOf) -> None:
        self._runner_of = runner_of

    async def run(
        self, given: Given, purpose: Purpose, rights: Rights, keep: KeepRun, told: Told = _nobody, is_wanted: IsWanted = _always
    ) -> tuple[Result, Observed]:
        """The end of the run for that purpose. `keep` writes its id before it is started, `told` hears how many changes were made.

        It is ended when it is wanted no longer. Raises RunnerUnavailable, and RunLost when it cannot be brought to an end.
        """
        deployment, step = given.deployment, purpose.step
        run, runner = run_id(deployment, purpose), self._runner_of(deployment.environment)
        for _ in range(MOST_TRIES):
            await keep(deployment, run)
            killpoint(f"worker.deployment.{purpose}.begun")
            try:
                await runner.start(given.job(run, step, WITHIN_S[step]), rights)
            except OtherJob:  # what is configured has changed since it was started: it ends as it began, or another takes its place
                if (await runner.observe(run)).state not in {State.RUNNING, State.ENDED} or step is not Step.APPLY:
                    run = next_run_id(run)
                    continue
            killpoint(f"worker.deployment.{purpose}.started")
            seen = await self._to_its_end(runner, run, deployment.id, told, is_wanted)
            if seen.state is State.ENDED or not await is_wanted(deployment.id):
                return result_of(seen), seen
        raise RunLost(f"its run was lost {MOST_TRIES} times")

    async def _to_its_end(self, runner: Runner, id: str, deployment_id: str, told: Told, is_wanted: IsWanted) -> Observed:
        asked, made, is_ending = time.monotonic(), 0, False
        while (seen := await runner.follow(id, made, _ASK_S)).state is State.RUNNING:
            if len(seen.events) > made:
                made = len(seen.events)
                await told(sum(each.get("event") == "change" for each in seen.events))
            if not is_ending and time.monotonic() - asked >= _ASK_S:
                asked = time.monotonic()
                if is_ending := not await is_wanted(deployment_id):
                    await runner.cancel(id)
        return seen

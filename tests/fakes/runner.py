"""A stateful runner in memory: what runs in each environment is a dictionary, faults are knobs. It plans, looks and applies as libdeploy does."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.artifacts import NotFetched, NotFetchedNow
from deploy.runner import Job, Observed, OtherJob, Rights, RunnerUnavailable, State, Step
from libdeploy import Item
from libdeploy.plan import Plan

ITEMS = ("config", "program")


@dataclass
class Run:
    job: Job
    rights: Rights
    tries: int = 1
    events: list[Mapping[str, Any]] = field(default_factory=list)
    result: Mapping[str, Any] | None = None
    made: bytes | None = None
    log: str = ""
    is_lost: bool = False


class FakeRunner:
    """`live` is what is there, by service and environment: driver's key → body. `gate` holds runs of APPLY back while it is closed.

    A deploy.py whose text holds `cannot render` is refused; one with `never healthy` fails and is taken back where there is something to
    go back to; one that `plans for long` waits at the gate with its PLANs, too. `faults` are raised or made of the next APPLYs: an exception, "lost", or a result.
    """

    def __init__(self) -> None:
        self.live: dict[tuple[str, str], dict[str, Any]] = {}
        self.runs: dict[str, Run] = {}
        self.applied: list[str] = []
        self.overlaps: list[tuple[str, str]] = []  # of APPLYs that were started while another was at work in the same place
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()
        self.is_away = False
        self.away: deque[str] = deque()
        self.losing = 0

    # -- knobs -----------------------------------------------------------------------------------

    def lose_next(self, times: int = 1) -> None:
        """The next runs of APPLY die with their runner, having made half of what was to be made."""
        self.losing += times

    def be_away(self, times: int) -> None:
        self.away.extend("the runner does not answer" for _ in range(times))

    def somebody_changes(self, service: str, environment: str, **body: Any) -> None:
        self.live.setdefault((service, environment), {}).update(body)

    # -- the port --------------------------------------------------------------------------------

    async def start(self, job: Job, rights: Rights) -> None:
        self._answers()
        there = self.runs.get(job.id)
        if there is None:
            self.runs[job.id] = Run(job, rights)
        elif _asked(there.job) != _asked(job):
            raise OtherJob(f"Something else was started as {job.id}.")
        elif there.is_lost:
            there.is_lost, there.tries, there.events = False, there.tries + 1, []
        if job.step is Step.APPLY:
            others = (run for id_, run in self.runs.items() if id_ != job.id and run.job.step is Step.APPLY)
            at_work = [run for run in others if run.result is None and not run.is_lost and _where(run.job) == _where(job)]
            self.overlaps += [(job.id, run.job.id) for run in at_work]
        if job.step is Step.APPLY and self.losing and there is None:
            self._makes_half(self.runs[job.id])
            self.runs[job.id].is_lost, self.losing = True, self.losing - 1

    async def observe(self, id: str) -> Observed:
        self._answers()
        run = self.runs.get(id)
        if run is None:
            return Observed(State.UNKNOWN)
        if run.is_lost:
            return Observed(State.LOST, tuple(run.events), tries=run.tries)
        if run.result is None:
            is_held = run.job.step is Step.APPLY or (run.job.step is Step.PLAN and "plans for long" in run.job.program)
            if is_held and not self.gate.is_set():
                self.reached.set()
                if run.job.step is Step.APPLY and not run.events:
                    self._makes_half(run)
                return Observed(State.RUNNING, tuple(run.events), tries=run.tries)
            run.result = {"event": "result", **self._ends(run)}
        return Observed(State.ENDED, tuple(run.events), run.result, run.made, run.log, run.tries)

    async def follow(self, id: str, seen: int, within_s: float) -> Observed:
        found = await self.observe(id)
        if found.state is not State.RUNNING or len(found.events) > seen:
            return found
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.gate.wait()
        return await self.observe(id)

    async def cancel(self, id: str) -> None:
        run = self.runs[id]
        if run.result is None:
            self.cancelled.append(id)
            run.result = {
                "event": "result",
                "outcome": "failed",
                "code": "no_result",
                "message": "deploy.py was ended by SIGTERM without a result.",
            }

    async def forget(self, id: str) -> None:
        self.runs.pop(id, None)

    # -- what libdeploy does ---------------------------------------------------------------------

    def does(self, job: Job) -> Run:
        """All of it, for whoever runs it elsewhere."""
        run = Run(job, Rights())
        run.result = {"event": "result", **self._ends(run)}
        return run

    def does_half(self, job: Job) -> None:
        if job.step is Step.APPLY:
            self._makes_half(Run(job, Rights()))

    def _answers(self) -> None:
        if self.is_away:
            raise RunnerUnavailable("the runner does not answer")
        if self.away:
            raise RunnerUnavailable(self.away.popleft())

    def _ends(self, run: Run) -> dict[str, Any]:
        return {Step.PLAN: self._plan, Step.LOOK: self._look, Step.APPLY: self._apply}[run.job.step](run)

    def _plan(self, run: Run) -> dict[str, Any]:
        job = run.job
        assert not run.rights.variables, "a plan has no rights"
        if "cannot render" in job.program:
            run.log = "Traceback: line 7"
            return {"outcome": "refused", "code": "bad_config", "message": "The configuration has no size."}
        base = digest(json.loads(job.live)) if job.live is not None else None
        plan = _plan_of(job, base)
        run.made = plan.to_bytes()
        told = {"outcome": "planned", "plan_hash": plan.plan_hash, "base": base or "", "took_ms": 10}
        return {**told, "changes": _changes(json.loads(run.made), json.loads(job.live)) if job.live is not None else []}

    def _look(self, run: Run) -> dict[str, Any]:
        live = self.live.get(_where(run.job), {})
        run.made = json.dumps(live).encode()
        return {"outcome": "planned", "base": digest(live), "changes": [], "took_ms": 10}

    def _apply(self, run: Run) -> dict[str, Any]:
        job = run.job
        assert job.plan is not None, "nothing is applied without its plan"
        plan, live = json.loads(job.plan), self.live.setdefault(_where(job), {})
        before = json.loads(job.live) if job.live is not None else None
        if plan["base"] is not None and digest(live) != plan["base"] and not _is_half_made(plan, before, live):
            message = "What is there has changed since this was planned: plan it again."
            return {"outcome": "refused", "code": "stale_base", "message": message, "base": digest(live)}
        changes = _changes(plan, live)
        run.events = [{"event": "change", **each} for each in changes]
        told = {"plan_hash": plan["plan_hash"], "base": digest(live), "changes": changes, "took_ms": 900}
        if "never healthy" in job.program:
            run.log = "waiting for program\nprogram exited with code 1"
            self.live[_where(job)] = _items(json.loads(job.previous or job.plan))
            reason = "program is not healthy: it exited with code 1."
            if job.previous is None:
                return {**told, "outcome": "failed", "code": "not_healthy", "message": reason}
            return {**told, "outcome": "taken_back", "code": "not_healthy", "message": f"{reason} What ran before runs again."}
        self.live[_where(job)] = _items(plan)
        self.applied.append(job.id)
        is_changed = any(each["action"] != "keep" for each in changes)
        return {**told, "outcome": "applied" if is_changed else "unchanged"}

    def _makes_half(self, run: Run) -> None:
        plan, live = json.loads(run.job.plan or b""), self.live.setdefault(_where(run.job), {})
        if plan["base"] in {None, digest(live)}:
            first = _changes(plan, live)[0]
            live[first["key"]] = _items(plan)[first["key"]]
            run.events = [{"event": "change", **first}]


def _is_half_made(plan: Mapping[str, Any], before: Mapping[str, Any] | None, live: Mapping[str, Any]) -> bool:
    if before is None or digest(before) != plan["base"]:
        return False
    return all(live.get(key) in (before.get(key), _items(plan).get(key)) for key in {*live, *before})


class FakeFiles:
    """Every artifact is there, unless it is in `missing`: why, by its digest. Those that were put here can be read."""

    def __init__(self, folder: Path = Path("/artifacts")) -> None:
        self.missing: dict[str, str] = {}
        self._folder = folder
        self.away = 0  # so many times nobody answers

    def put(self, data: bytes) -> str:
        """Its digest."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(exist_ok=True)
        (self._folder / sha256).write_bytes(data)
        return sha256

    async def file(self, sha256: str, address: str) -> Path:
        if self.away:
            self.away -= 1
            raise NotFetchedNow(f"{address} does not answer.")
        return self._folder / sha256

    async def see_image(self, sha256: str, address: str) -> None:
        if sha256 in self.missing:
            raise NotFetched(self.missing[sha256], "not_there")


def _where(job: Job) -> tuple[str, str]:
    return job.target["service"], job.target["environment"]["name"]


def _plan_of(job: Job, base: str | None) -> Plan:
    """As libdeploy makes one."""
    artifact = job.target["artifact"]["sha256"]
    wanted = {"program": {"sha256": artifact}, "config": job.target["config"]}
    items = tuple(Item("fake", key, body) for key, body in sorted(wanted.items()))
    return Plan(*_where(job), artifact, hashlib.sha256(job.program.encode()).hexdigest(), items, base)


def _items(plan: Mapping[str, Any]) -> dict[str, Any]:
    """By key, as what is there."""
    return {each["key"]: each["body"].get("sha256", each["body"]) for each in plan["items"]}


def _changes(plan: Mapping[str, Any], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = _items(plan)
    there: list[dict[str, Any]] = [
        {"action": "keep" if live.get(key) == body else "update" if key in live else "create", "driver": "fake", "key": key, "fields": []}
        for key, body in sorted(items.items())
    ]
    return [*there, *({"action": "remove", "driver": "fake", "key": key, "fields": []} for key in sorted(live.keys() - items.keys()))]


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _asked(job: Job) -> tuple[object, ...]:
    return job.step, job.program, digest(job.target), job.live, job.plan, job.previous

"""A plan made real: each item in order, then what is no longer wanted goes, then all is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from libdeploy.changes import Action, Change, changes_between, is_half_made
from libdeploy.component import Driver
from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.live import Live
from libdeploy.plan import Plan
from libdeploy.result import Outcome, Result

Report = Callable[[Change], None]
"""Is told of each change when it has been made."""


@dataclass(frozen=True)
class Drivers:
    """By name. Which drivers there are decides what is looked at: a thing whose driver is not here is not seen."""

    all: Mapping[str, Driver]

    def of(self, name: str) -> Driver:
        try:
            return self.all[name]
        except KeyError:
            raise DeployError(f"There is no driver {name} here. There is: {', '.join(sorted(self.all)) or 'none'}.", "no_driver") from None

    def observe(self, service: str, environment: str) -> Live:
        found = {}
        for name, driver in sorted(self.all.items()):
            for key, body in driver.observe(service, environment).items():
                found[name, key] = body
        return Live(found)


def apply(
    plan: Plan,
    drivers: Drivers,
    *,
    within_s: float,
    report: Report = lambda _: None,
    previous: Plan | None = None,
    before: Live | None = None,
) -> Result:
    """Make exactly this plan real.

    When it bears a base and something else is there by now, nothing is done: `stale_base`; but with the live state of that base as
    `before`, what an earlier try of this plan left half-made is finished. When it fails and there is a `previous` plan, that one is made
    real again.
    """
    began = time.monotonic()
    live = drivers.observe(plan.service, plan.environment)
    if not _is_as_planned(plan, live, before):
        message = "What is there has changed since this was planned: plan it again."
        return Result(Outcome.REFUSED, plan.plan_hash, live.base, code="stale_base", message=message, took_s=time.monotonic() - began)
    changes = changes_between(plan.items, live)
    result = Result(Outcome.APPLIED, plan.plan_hash, live.base, changes)
    try:
        is_changed = _make(plan, changes, drivers, began + within_s, report)
        result = replace(result, outcome=Outcome.APPLIED if is_changed else Outcome.UNCHANGED)
    except DeployError as error:
        result = replace(result, outcome=Outcome.FAILED, code=error.code, message=str(error))
        if previous is not None:
            result = _take_back(result, previous, drivers, within_s, report)
    return replace(result, took_s=time.monotonic() - began)


def _is_as_planned(plan: Plan, now: Live, before: Live | None) -> bool:
    if plan.base is None or plan.base == now.base:
        return True
    return before is not None and before.base == plan.base and is_half_made(plan.items, before, now)


def _make(plan: Plan, changes: Iterable[Change], drivers: Drivers, by: float, report: Report) -> bool:
    items = {item.name: item for item in plan.items}
    is_changed = False
    for change in changes:
        driver = drivers.of(change.driver)
        if change.action is Action.REMOVE:
            driver.remove(change.key)
        elif change.action is not Action.KEEP:
            driver.put(items[change.driver, change.key])
        is_changed = is_changed or change.action is not Action.KEEP
        report(change)
    _wait(plan.items, drivers, by)
    return is_changed


def _wait(items: Iterable[Item], drivers: Drivers, by: float) -> None:
    by_driver: dict[str, list[Item]] = {}
    for item in items:
        by_driver.setdefault(item.driver, []).append(item)
    for name, some in by_driver.items():
        drivers.of(name).wait(some, max(0.0, by - time.monotonic()))


def _take_back(failed: Result, previous: Plan, drivers: Drivers, within_s: float, report: Report) -> Result:
    try:
        back = apply(replace(previous, base=None), drivers, within_s=within_s, report=report)
    except DeployError as error:
        return replace(failed, message=f"{failed.message} Taking it back failed as well: {error}")
    if back.outcome in {Outcome.APPLIED, Outcome.UNCHANGED}:
        return replace(failed, outcome=Outcome.TAKEN_BACK, message=f"{failed.message} What ran before runs again.")
    return replace(failed, message=f"{failed.message} Taking it back failed as well: {back.message}")

"""The command line that every deploy.py has: `d.main(deploy)`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from libdeploy.apply import Drivers, apply
from libdeploy.changes import Change, changes_between
from libdeploy.component import Driver
from libdeploy.errors import DeployError
from libdeploy.extras import needing
from libdeploy.item import Item
from libdeploy.live import read_live
from libdeploy.plan import Plan, read_plan
from libdeploy.render import Deploy, render
from libdeploy.result import Outcome, Result
from libdeploy.target import Target, read_target

_WITHIN_S = 300.0


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        name,
        description="Bring one service to one environment. Standard output is JSON, a line for each event and the result last.",
        epilog="Without --validate, --dry-run, --plan-out or --apply-plan it plans and applies. Exit: 0 done, 1 failed, 2 refused.",
        allow_abbrev=False,
    )
    given = os.environ.get("LIBDEPLOY_TARGET")
    parser.add_argument("--target", type=Path, default=given, help="the file that says what goes where (default: $LIBDEPLOY_TARGET)")
    parser.add_argument(
        "--live",
        type=Path,
        help="a file with what is there (for --apply-plan: was there when it was planned); without it whoever keeps it is asked",
    )
    parser.add_argument(
        "--artifact", type=Path, default=os.environ.get("LIBDEPLOY_ARTIFACT"), help="the artifact's file, where one is needed"
    )
    parser.add_argument("--previous", type=Path, help="the plan to go back to when this one fails")
    parser.add_argument(
        "--within", type=_seconds, default=_WITHIN_S, metavar="SECONDS", help=f"how long to wait for health (default: {_WITHIN_S:g})"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--validate", action="store_true", help="only say whether it can be rendered: asks nobody")
    what.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    what.add_argument("--plan-out", type=Path, metavar="FILE", help="write the plan; with --live it is bound to what is there")
    what.add_argument("--apply-plan", type=Path, metavar="FILE", help="make exactly that plan real")
    what.add_argument("--live-out", type=Path, metavar="FILE", help="write what is there now")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def main(deploy: Deploy, drivers: Iterable[Driver] = (), argv: Sequence[str] | None = None) -> NoReturn:
    """Run what the command line asks for, print the result and exit.

    `deploy` takes a Target and gives components; it may not use network, clock or environment variables. `drivers` are your own, for
    items of your own kind.
    """
    _be_the_same_everywhere()
    program = Path(sys.argv[0])
    options = _parser(program.name).parse_args(argv)
    finish(lambda: _run(deploy, drivers, options, program if program.suffix == ".py" else None))


def finish(work: Callable[[], Result]) -> NoReturn:
    """Do it, say how it ended, and exit."""
    try:
        result = work()
    except DeployError as error:
        result = Result(Outcome.REFUSED, code=error.code, message=str(error))
    except OSError as error:
        result = Result(Outcome.FAILED, code="fault", message=str(error))
    except Exception as error:  # noqa: BLE001 - a fault of deploy.py or of ours: whoever wrote it wants to see where
        traceback.print_exc()
        result = Result(Outcome.FAILED, code="fault", message=f"{type(error).__name__}: {error}")
    sys.stderr.write(f"{result}\n")
    _say(result.to_json())
    sys.exit(result.exit_code)


def _be_the_same_everywhere() -> None:
    """Sets of text have the same order in every run only with a fixed seed, which is read when the interpreter starts."""
    if os.environ.get("PYTHONHASHSEED") != "0" and sys.argv[0].endswith(".py") and Path(sys.argv[0]).is_file():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - ourselves


def _say(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _report(change: Change) -> None:
    _say({"event": "change", "action": str(change.action), "driver": change.driver, "key": change.key})


def _run(deploy: Deploy, own: Iterable[Driver], options: argparse.Namespace, program: Path | None) -> Result:
    if options.target is None:
        raise DeployError("Say --target FILE: which artifact goes to which environment.", "no_target")
    target = read_target(options.target)
    if options.apply_plan:
        plan = read_plan(options.apply_plan)
        belongs(plan, target)
        return _apply(plan, own, target, options)
    plan = render(deploy, target, program)
    if options.validate:
        return Result(Outcome.VALID, plan.plan_hash, message=f"{len(plan.items)} items")
    if options.plan_out:
        return _write(plan, options)
    if options.live_out:
        return look(plan, target, options.live_out, _drivers(own, plan, target, options))
    if options.dry_run:
        return _dry_run(plan, own, target, options)
    return _apply(plan, own, target, options)


def look(plan: Plan, target: Target, out: Path, drivers: Drivers) -> Result:
    """Write what is there now of what drivers see."""
    live = drivers.observe(target.service, target.environment.name)
    live.write(out)
    return Result(Outcome.PLANNED, plan.plan_hash, live.base, message=f"{len(live.things)} things are there")


def belongs(plan: Plan, target: Target) -> None:
    wanted = (target.service, target.environment.name, target.artifact.sha256)
    if (plan.service, plan.environment, plan.artifact) != wanted:
        raise DeployError(
            f"This plan is for {plan.service} in {plan.environment}, artifact {plan.artifact[:12]}: not for this target.", "other_plan"
        )


def _write(plan: Plan, options: argparse.Namespace) -> Result:
    if options.live is None:
        plan.write(options.plan_out)
        return Result(Outcome.PLANNED, plan.plan_hash, message=f"{len(plan.items)} items, bound to nothing that is there")
    live = read_live(options.live)
    replace(plan, base=live.base).write(options.plan_out)
    return Result(Outcome.PLANNED, plan.plan_hash, live.base, changes_between(plan.items, live))


def _dry_run(plan: Plan, own: Iterable[Driver], target: Target, options: argparse.Namespace) -> Result:
    if options.live is not None:
        live = read_live(options.live)
    else:
        drivers = _drivers(own, plan, target, options)
        live = drivers.observe(plan.service, plan.environment)
        for item in plan.items:
            drivers.of(item.driver).check(item)
    return Result(Outcome.PLANNED, plan.plan_hash, live.base, changes_between(plan.items, live))


def _apply(plan: Plan, own: Iterable[Driver], target: Target, options: argparse.Namespace) -> Result:
    previous = read_plan(options.previous) if options.previous else None
    drivers = _drivers(own, plan, target, options, previous)
    before = read_live(options.live) if options.live else None
    return apply(plan, drivers, within_s=options.within, report=_report, previous=previous, before=before)


def _drivers(own: Iterable[Driver], plan: Plan, target: Target, options: argparse.Namespace, previous: Plan | None = None) -> Drivers:
    return drivers_of([each for each in (plan, previous) if each], target, options.artifact, own)


def drivers_of(plans: Iterable[Plan], target: Target, artifact: Path | None = None, own: Iterable[Driver] = ()) -> Drivers:
    """Those that the plans name, and one's own."""
    there = {driver.name: driver for driver in own}
    items = [item for each in plans for item in each.items]
    for name in sorted({item.driver for item in items} & _BUILT_IN.keys() - there.keys()):
        there[name] = _BUILT_IN[name](target, artifact, items)
    return Drivers(there)


def _host(target: Target, artifact: Path | None, _: Iterable[Item]) -> Driver:
    from libdeploy.host.driver import HostDriver, root_of  # noqa: PLC0415 - who renders does not wait for it
    from libdeploy.host.manager import manager_of  # noqa: PLC0415 - the same

    return HostDriver(root_of(os.environ), target.service, target.environment.name, artifact, manager_of(os.environ))


def _kubernetes(target: Target, _: Path | None, items: Iterable[Item]) -> Driver:
    with needing("kubernetes"):
        from libdeploy.kubernetes.cluster import Cluster, client_of  # noqa: PLC0415 - the same
        from libdeploy.kubernetes.driver import KubernetesDriver  # noqa: PLC0415 - the same

    return KubernetesDriver(Cluster(client_of(os.environ), target.environment.namespace), target, items)


def _terraform(target: Target, artifact: Path | None, _: Iterable[Item]) -> Driver:
    from libdeploy.host.driver import root_of  # noqa: PLC0415 - the same
    from libdeploy.terraform.driver import TerraformDriver  # noqa: PLC0415 - the same

    return TerraformDriver(root_of(os.environ), target.service, target.environment.name, artifact, os.environ)


_BUILT_IN: dict[str, Callable[[Target, Path | None, Iterable[Item]], Driver]] = {
    "host": _host,
    "kubernetes": _kubernetes,
    "terraform": _terraform,
}

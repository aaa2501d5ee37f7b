"""`python -m libdeploy look`: what is there, seen with rights and without a deploy.py, so that nobody's code but libdeploy's has them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from libdeploy.main import belongs, drivers_of, finish, look
from libdeploy.plan import read_plan
from libdeploy.result import Result
from libdeploy.target import read_target


def main() -> NoReturn:
    parser = argparse.ArgumentParser("libdeploy", description="What service owners import in deploy.py.", allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    looks = verbs.add_parser("look", help="write what is there now of what a plan names", allow_abbrev=False)
    looks.add_argument("--target", type=Path, required=True, help="the file that says what goes where")
    looks.add_argument("--plan", type=Path, required=True, help="the plan whose kinds of things are looked at")
    looks.add_argument("--previous", type=Path, help="the plan before: its kinds of things are looked at too")
    looks.add_argument("--out", type=Path, required=True, help="the file to write")
    options = parser.parse_args()
    finish(lambda: _look(options))


def _look(options: argparse.Namespace) -> Result:
    target, plan = read_target(options.target), read_plan(options.plan)
    belongs(plan, target)
    plans = [plan, *([read_plan(options.previous)] if options.previous else [])]
    return look(plan, target, options.out, drivers_of(plans, target))


if __name__ == "__main__":
    main()

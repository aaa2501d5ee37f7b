"""The command line that every deploy.py has."""

from __future__ import annotations

from pathlib import Path

import pytest

from libdeploy.target import to_json
from tests.libdeploy.wishes import Owner, target

DEPLOY = """
import libdeploy as d

def deploy(target):
    names = {"settings", "more", "others", "again"}
    return [d.kubernetes.config(name, {"size": target.config.text("size", "1")}) for name in names]

if __name__ == "__main__":
    d.main(deploy)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    one = Owner(tmp_path)
    one.writes(DEPLOY)
    one.aims(to_json(target()))
    return one


def test_it_is_validated_offline(owner: Owner) -> None:
    ran = owner.runs("--validate")
    assert (ran.code, ran.result["outcome"], ran.words) == (0, "valid", "valid: 4 items\n")


@pytest.mark.long
def test_the_plan_is_the_same_in_every_process(owner: Owner) -> None:
    """Even where deploy.py goes through a set: its order is fixed."""
    plans = set()
    for seed in ("1", "2", "random"):
        owner.environment["PYTHONHASHSEED"] = seed
        assert owner.runs("--plan-out", "plan.json").code == 0
        plans.add((owner.folder / "plan.json").read_bytes())
    assert len(plans) == 1


def test_without_a_target_it_says_what_is_missing(owner: Owner) -> None:
    owner.environment["LIBDEPLOY_TARGET"] = "elsewhere.json"
    import subprocess
    import sys

    ran = subprocess.run(
        [sys.executable, "deploy.py"], cwd=owner.folder, env=owner.environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (2, "refused: The target elsewhere.json cannot be read: No such file or directory.\n")
    ran = subprocess.run([sys.executable, "deploy.py"], cwd=owner.folder, env={}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "refused: Say --target FILE: which artifact goes to which environment.\n")


def test_a_plan_for_something_else_is_refused(owner: Owner) -> None:
    owner.runs("--plan-out", "plan.json")
    owner.aims(to_json(target(environment="prod")))
    refused = owner.runs("--apply-plan", "plan.json")
    assert (refused.code, refused.result["code"]) == (2, "other_plan")


@pytest.mark.parametrize(("option", "code"), [("--live", "bad_live"), ("--apply-plan", "broken_plan")])
def test_a_file_that_is_not_there_is_said(owner: Owner, option: str, code: str) -> None:
    more = ("--plan-out", "plan.json") if option == "--live" else ()
    ran = owner.runs(option, "nothing.json", *more)
    assert (ran.code, ran.result["code"]) == (2, code)


def test_two_things_to_do_are_refused_with_the_usage(owner: Owner) -> None:
    ran = __import__("subprocess").run(
        [__import__("sys").executable, "deploy.py", "--validate", "--dry-run"],
        cwd=owner.folder,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "not allowed with argument --validate" in ran.stderr

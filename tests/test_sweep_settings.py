"""Where the sweep looks when nothing is said of it, and what the doctor says where it would not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.doctor_account import unseen, where
from bot.settings import Settings, SettingsError, check
from bot.settings.sweeping import SweepSettings
from bot.settings.swept import PREFIX, Swept, swept
from bot.settings.terraform import NEEDED
from provisioner.terraform.settings import S3State


def settings(module: str = "branch-env", **more: Any) -> Settings:
    given: dict[str, Any] = {
        "engine": "terraform",
        "terraform": {"module": module, "variables": {**dict.fromkeys(NEEDED, "x"), "region": "eu-west-1"}, "state_bucket": "states"},
        "traefik": {},
        "domain": "example.com",
        "projects": {"shop": {"forge": "local", "clone_url": "/srv/git/shop.git"}},
    }
    return Settings(**{**given, **more})


def test_it_looks_where_terraform_makes_machines_and_keeps_their_states() -> None:
    assert swept(settings()) == Swept("eu-west-1", "states", "trellis", rows=True)
    assert swept(settings("trading-env")).rows is True
    assert S3State("states", "eu-west-1").prefix == PREFIX == settings().sweep.prefix
    assert where(settings()) == "eu-west-1, states in s3://states/trellis/"
    assert unseen(settings()) == ""


def test_without_machines_nothing_is_looked_at_unless_somebody_says_so() -> None:
    local = Settings()
    assert swept(local) == Swept("", "", "trellis", rows=False)
    assert swept(settings("local-env", terraform={"state_bucket": "states", "variables": {"region": "eu-west-1"}})).region == ""
    assert swept(Settings(sweep=SweepSettings(region="eu-west-1"))) == Swept("eu-west-1", "", "trellis", rows=False)
    assert unseen(local) == ""


def test_machines_that_may_be_left_are_still_looked_for_and_those_of_this_host_are_not_missed() -> None:
    """Back on one machine, with the variables left there until nothing is on AWS any more."""
    assert swept(settings(engine="local")) == Swept("eu-west-1", "states", "trellis", rows=False)


def test_the_data_folder_is_named_where_states_are_there(tmp_path: Path) -> None:
    variables = dict.fromkeys(NEEDED, "x")
    here = settings(data_dir=tmp_path, terraform={"module": "branch-env", "variables": variables})
    assert where(here) == f"x, states in {tmp_path}/terraform/states"


def test_what_an_operator_says_holds_and_the_doctor_says_what_is_not_seen_then() -> None:
    blind, half = settings(sweep={"region": ""}), settings(sweep={"rows": False})
    for each in (blind, half):
        check(each)
    assert swept(blind).region == ""
    assert unseen(blind).startswith("is not looked at, so what is left over or lost there is not noticed")
    assert swept(half) == Swept("eu-west-1", "states", "trellis", rows=False)
    assert unseen(half) == "environments that have lost their machine are not missed: take TRELLIS_SWEEP__ROWS out"


@pytest.mark.parametrize(
    ("sweep", "why"),
    [
        ({"region": "us-east-1"}, "TRELLIS_SWEEP__REGION is us-east-1, and machines are made in eu-west-1: take it out"),
        ({"bucket": "other"}, "TRELLIS_SWEEP__BUCKET is other, and Terraform's states are in states: take it out"),
        ({"prefix": "envs"}, "TRELLIS_SWEEP__PREFIX is envs, and Terraform's states are under trellis/: take it out"),
    ],
)
def test_a_look_elsewhere_than_terraform_works_is_refused(sweep: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check(settings(sweep=sweep))
    assert str(refused.value) == why


def test_the_same_said_twice_is_no_conflict() -> None:
    check(settings(sweep={"region": "eu-west-1", "bucket": "states", "prefix": "trellis/", "rows": True}))

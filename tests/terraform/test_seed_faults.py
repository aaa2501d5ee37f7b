"""The faults that were found in the code we began from (research on safety, 1E): a test for each, that none of them is in the modules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from provisioner.setup import command
from provisioner.terraform.settings import MODULES
from tests.terraform.reaping import NOW, answers, machine

ENVIRONMENTS = ("branch-env", "trading-env")
SETUP = Path(command.__file__).parent


def code(path: Path) -> str:
    """Without what is said to people."""
    text = re.sub(r"<<-EOT.*?EOT", '""', path.read_text(), flags=re.DOTALL)
    return re.sub(r'(?m)^\s*#.*$|^\s*(description|error_message)\s*=\s*".*"$|\s#\s.*$', "", text)


def block(text: str, beginning: str) -> str:
    """From `beginning` to the brace that closes it at the line's start."""
    return text[text.index(beginning) :].partition("\n}")[0]


def test_1_no_time_of_planning_is_in_a_tag_so_an_age_does_not_begin_anew() -> None:
    for path in MODULES.rglob("*.tf"):
        assert not re.search(r"\b(plan)?timestamp\(|\buuid\(|\bbcrypt\(", code(path)), path
    for name in ENVIRONMENTS:
        assert '"trellis:created-at"    = var.created_at' in (MODULES / name / "main.tf").read_text()


@pytest.mark.parametrize("odd", ["", "48h", "2026-13-01T00:00:00Z", None, 7])
def test_2_a_malformed_tag_lets_the_later_ones_be_reaped(odd: object) -> None:
    old, first = machine("i-old", NOW.replace(year=NOW.year - 1)), machine("i-odd", NOW)
    first["Tags"].append({"Key": "trellis:hard-deadline", "Value": odd})
    assert answers(NOW, [first, old])["asked"] == [["i-old"]]


def test_3_the_reaper_needs_nothing_that_it_does_not_import_sees_every_page_and_state_and_does_nothing_twice() -> None:
    old = NOW.replace(year=NOW.year - 1)
    assert answers(NOW, [machine("i-1", old)], [machine("i-2", old)])["asked"] == [["i-1"], ["i-2"]]
    text = (MODULES / "platform" / "reaper" / "handler.py").read_text()
    assert 'ALIVE = ["pending", "running", "stopping", "stopped"]' in text
    assert "start_execution" not in text, "it ends machines itself: there is no run of something slow that could be begun twice"


def test_4_every_action_on_others_secrets_is_denied_and_no_name_from_a_person_is_in_a_policy() -> None:
    for name in ENVIRONMENTS:
        text = code(MODULES / name / "policy.tf")
        assert set(re.findall(r"var\.([a-z_]+)", text)) == {
            "partition",
            "region",
            "account",
            "environment",
            "data_bucket",
            "sandbox_key_arn",
            "on_paper",
        }
        assert 'Action = "secretsmanager:*", NotResource' in text
        assert "regex(" in block((MODULES / name / "variables.tf").read_text(), 'variable "environment"')


def test_5_no_proxy_shows_traefiks_own_pages_and_tilts_only_behind_the_login() -> None:
    central = (MODULES / "platform" / "proxy" / "traefik.yaml.tftpl").read_text()
    own = json.loads((SETUP / "ansible" / "roles" / "traefik" / "files" / "traefik.yaml").read_text())
    assert "api: {dashboard: false, insecure: false}" in central
    assert own["api"] == {"dashboard": False, "insecure": False}
    for path in [*MODULES.rglob("*.tftpl"), *SETUP.rglob("*.y*ml")]:
        assert "api@internal" not in path.read_text(), path
    # Whom tilt's page is open to is tried in tests/traefik; that nobody reaches it past the proxy is here: one port is open, and it is Traefik's.
    for name in ENVIRONMENTS:
        variable = block((MODULES / name / "variables.tf").read_text(), 'variable "ports"')
        assert re.search(r"default\s+= \[80\]", variable)


def test_6_no_machine_pulls_a_branch_by_itself() -> None:
    """Its code is an archive of one commit, under that commit's name (tests/terraform/test_on_aws.py)."""
    for path in [*MODULES.rglob("*"), *SETUP.rglob("*")]:
        if path.is_file() and path.suffix in {".tf", ".tftpl", ".sh", ".yml", ".yaml", ".py"}:
            assert not re.search(r"git\s+(pull|fetch|clone)|ansible\.builtin\.git\b", path.read_text()), path


def test_7_nobody_opts_out_of_the_end() -> None:
    for name in (*ENVIRONMENTS, "local-env"):
        variable = block((MODULES / name / "variables.tf").read_text(), 'variable "hard_deadline"')
        assert "default" not in variable
        assert "formatdate" in variable
    for name in ENVIRONMENTS:
        text = code(MODULES / name / "main.tf")
        assert '"trellis:hard-deadline" = var.hard_deadline' in text
        assert not re.search(r"ignore_changes\s*=\s*(all|\[[^\]]*tags)", text)
        assert "disable_api_termination" not in text

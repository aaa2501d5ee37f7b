"""Rules that cannot be used: nothing starts, and one line says where the mistake is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.people import policies_of
from bot.settings import Settings, SettingsError

BROKEN = '@id("a") @reason("b")\npermit (principal in Role::"boss", action, resource);\n'
SENTENCE = "the rules of who may what cannot be used: rules.cedar:2: there is no role 'boss': viewer, developer or admin"


@pytest.mark.parametrize("command", ["up", "work"])
def test_nothing_starts_on_broken_rules(tmp_path: Path, command: str) -> None:
    (tmp_path / "rules.cedar").write_text(BROKEN)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TRELLIS_POLICY_FILE": "rules.cedar", "TRELLIS_REDIS_URL": "unix:///nowhere"}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == f"trellis: {SENTENCE}"
    assert "Traceback" not in ran.stderr


def test_rules_can_be_replaced_and_added_to(tmp_path: Path) -> None:
    more = tmp_path / "more.cedar"
    more.write_text('@id("frozen") @reason("nothing changes today") forbid (principal, action in Action::"change", resource);')
    assert list(policies_of(Settings(data_dir=tmp_path, policy_more=more)).rules)[-1] == "frozen"
    assert list(policies_of(Settings(data_dir=tmp_path, policy_file=more)).rules) == ["frozen"]
    more.write_text(BROKEN)
    with pytest.raises(SettingsError, match=r"more.cedar:2: there is no role 'boss'"):
        policies_of(Settings(data_dir=tmp_path, policy_file=more))

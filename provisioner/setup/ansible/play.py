"""Runs the roles of a step by ansible-runner on the machine that it is on: `play.py HOME ROOT`, with the order in HOME/order.json.

Says one line of JSON for each task, which Trellis reads: `TRELLIS {"task": …, "outcome": …}`. HOME/told-<step> has the same
lines, for who looks meanwhile. Nothing else of a run is kept: Ansible's own record may hold what a branch said.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import ansible_runner

HERE = Path(__file__).resolve().parent
_MOST = 500
_OUTCOMES = {"runner_on_ok": "ok", "runner_on_failed": "failed", "runner_on_unreachable": "failed", "runner_on_skipped": "skipped"}


def main(home: Path, root: str) -> int:
    os.umask(0o077)
    order = json.loads((home / "order.json").read_text("utf-8"))
    given = home / "given"
    given.mkdir(exist_ok=True)
    for name, text in order["files"].items():
        (given / name).write_text(text, "utf-8")
    for left in home.glob("play-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    with tempfile.TemporaryDirectory(prefix="play-", dir=home) as folder, (home / f"told-{order['step']}").open("w") as told:
        ran = ansible_runner.run(
            private_data_dir=folder,
            project_dir=str(HERE),
            playbook="site.yml",
            inventory="localhost ansible_connection=local",
            tags=order["step"],
            extravars={**order["variables"], "trellis_root": root, "trellis_given": str(given)},
            envvars={"ANSIBLE_CONFIG": str(HERE / "ansible.cfg"), "ANSIBLE_LOCAL_TEMP": f"{folder}/local"},
            event_handler=partial(heard, told),
            quiet=True,
        )
        if ran.rc and not ran.stats:
            sys.stderr.write(ran.stdout.read()[-4 * _MOST :])
    return int(ran.rc)


def heard(told: TextIO, event: dict[str, Any]) -> bool:
    """Whether ansible-runner is to keep the event: no."""
    outcome = _OUTCOMES.get(event["event"])
    if outcome is None:
        return False
    about = event["event_data"]
    result = about.get("res") or {}
    if outcome == "ok" and result.get("changed"):
        outcome = "changed"
    if outcome == "failed" and about.get("ignore_errors"):
        outcome = "ignored"
    said = {"task": about.get("task", ""), "outcome": outcome}
    if outcome == "failed":
        said["why"] = " ".join(str(result[key]) for key in ("msg", "stderr") if result.get(key))[-_MOST:]
    for each in (told, sys.stdout):
        each.write(f"TRELLIS {json.dumps(said)}\n")
        each.flush()
    return False


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))

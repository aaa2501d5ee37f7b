"""A machine that is a folder: SSM's agent runs what it is sent, with recorders in the place of docker, kind, tilt, traefik and systemd."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from provisioner.setup.command import VENV
from tests.terraform.aws import ROOT

ANSIBLE = ROOT / ".venv" / "ansible"
RECORDED = ("apt-get", "docker", "kind", "mount", "systemctl", "tilt", "traefik", "udevadm")
TOLD = f"set-up: Ansible and ansible-runner were real; {', '.join(RECORDED)} were recorders, and SSM a stateful stand-in (moto runs no commands)"
_RECORDER = """#!{python}
import json, os, sys, time
name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
with open({ledger!r}, "a") as file:
    file.write(json.dumps([name, *words]) + "\\n")
while os.path.exists({held!r} + name):
    time.sleep(0.05)
if name in {failing!r}:
    sys.exit("it is out of order")
made = {clusters!r}
if name == "kind" and words[:2] == ["create", "cluster"]:
    open(made, "w").write("trellis\\n")
if name == "kind" and words[:2] == ["get", "clusters"] and os.path.exists(made):
    print(open(made).read(), end="")
"""
_PYTHON = '#!/bin/sh\nPYTHONPATH={packages} PATH={packages}/bin:$PATH exec {python} "$@"\n'

_SAYS_SO = """#!/bin/sh
echo 'TRELLIS {"task": "it", "outcome": "changed"}'
"""


class FakeMachine:
    """`root` is its file system; `heard` what programs were called with."""

    def __init__(self, root: Path, *, has_ansible: bool = True) -> None:
        self.root, self.programs, self.ledger = root / "root", root / "bin", root / "ledger"
        self.env: dict[str, str] = {}
        self.python = self.root / "opt/trellis" / VENV / "bin/python"
        for folder in (self.root, self.programs, self.python.parent):
            folder.mkdir(parents=True)
        for each in ("etc/systemd/system", "usr/local/bin"):
            (self.root / each).mkdir(parents=True)
        self.python.write_text(_PYTHON.format(packages=ANSIBLE, python=sys.executable) if has_ansible else _SAYS_SO)
        self.python.chmod(0o755)
        (self.root / "opt/trellis" / VENV / ".whole").touch()
        self.be_out_of_order()

    def hold(self, name: str) -> Path:
        """It does not come back as long as this file is there."""
        held = self.root / f"held-{name}"
        held.touch()
        return held

    def lack(self, *names: str) -> None:
        """They are not installed."""
        for name in names:
            (self.programs / name).unlink()

    def be_out_of_order(self, *names: str) -> None:
        """From now on these fail, and no others."""
        for name in RECORDED:
            path = self.programs / name
            path.write_text(
                _RECORDER.format(
                    python=sys.executable,
                    ledger=str(self.ledger),
                    failing=names,
                    clusters=str(self.root / "clusters"),
                    held=str(self.root / "held-"),
                )
            )
            path.chmod(0o755)

    def fails(self, task: str, why: str) -> None:
        """Instead of Ansible somebody says that it failed there."""
        said = json.dumps({"task": task, "outcome": "failed", "why": why})
        self.python.write_text(f"#!/bin/sh\necho 'TRELLIS {said}'\nexit 2\n")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.root), "TRELLIS_ROOT": str(self.root), "LC_ALL": "C.UTF-8"}
        env["TRELLIS_PORT"] = "1"  # where nobody listens: it has no Traefik
        words, env = ["sh", "-c", command], env | self.env
        return subprocess.run(words, env=env, capture_output=True, text=True, errors="replace", check=False, timeout=300)

    @property
    def heard(self) -> list[list[str]]:
        return [json.loads(line) for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []

    def text(self, path: str) -> str:
        return (self.root / path).read_text()


def ordered(command: str) -> dict[str, Any]:
    """What a command that was sent orders: its step, its files, its variables."""
    inside = re.findall(r"printf %s '([^']+)'", command)
    return dict(json.loads(base64.b64decode(inside[-1]))) if inside else {"step": "", "files": {}}


class SsmError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class FakeSsm:
    """AWS's answers in their order: not known yet, no invocation yet, in progress, then the end."""

    def __init__(self, machines: dict[str, FakeMachine], not_yet: int = 0) -> None:
        self.machines, self.not_yet = machines, not_yet
        self.sent: list[str] = []
        self.cancelled: list[str] = []
        self.status = ""  # instead of what the command came to
        self.is_endless = False
        self._looks: dict[str, int] = {}
        self._ran: dict[str, subprocess.CompletedProcess[str]] = {}

    def send_command(self, **given: Any) -> dict[str, Any]:
        [machine] = given["InstanceIds"]
        if self.not_yet:
            self.not_yet -= 1
            raise SsmError("InvalidInstanceId" if self.not_yet % 2 else "ThrottlingException")
        if machine not in self.machines:
            raise SsmError("AccessDeniedException")
        [command] = given["Parameters"]["commands"]
        assert given["DocumentName"] == "AWS-RunShellScript"
        assert len(command) < 64 * 1024, "more than SSM takes"
        id_ = f"command-{len(self.sent)}"
        self.sent.append(command)
        self._ran[id_] = self.machines[machine].run(command)
        return {"Command": {"CommandId": id_}}

    def get_command_invocation(self, **given: Any) -> dict[str, Any]:
        id_ = given["CommandId"]
        looks = self._looks[id_] = self._looks.get(id_, 0) + 1
        if looks == 1:
            raise SsmError("InvocationDoesNotExist")
        if looks == 2 or self.is_endless:
            return {"Status": "InProgress"}
        ran = self._ran[id_]
        status = self.status or ("Failed" if ran.returncode else "Success")
        return {
            "Status": status,
            "ResponseCode": ran.returncode,
            "StandardOutputContent": ran.stdout[:24_000],
            "StandardErrorContent": ran.stderr[:8_000],
        }

    def cancel_command(self, **given: Any) -> None:
        self.cancelled.append(given["CommandId"])


def is_there() -> bool:
    return os.access(ANSIBLE / "bin" / "ansible-runner", os.R_OK)

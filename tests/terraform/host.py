"""The host of a trading environment as a folder: systemd's place is taken by a program that starts, stops and shows units for real."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.terraform.aws import Aws
from tests.terraform.machine import FakeMachine

TOLD = "a host's services and what reads their secrets were real, on moto's Secrets Manager; systemd and its journal were stand-ins of ours"
_SYSTEMCTL = """#!{python}
import os, pathlib, signal, subprocess, sys
root = pathlib.Path({root!r})
units, journal = root / "units", root / "journal"
units.mkdir(exist_ok=True); journal.mkdir(exist_ok=True)
words = [each for each in sys.argv[1:] if not each.startswith("--")]
def pid_of(name):
    try:
        pid = int((units / name).read_text())
        state = open(f"/proc/{{pid}}/stat").read().rpartition(")")[2].split()[0]
        return pid if state != "Z" else 0
    except (OSError, ValueError):
        return 0
def stop(name):
    if pid := pid_of(name):
        os.killpg(pid, signal.SIGKILL)
        while pid_of(name): pass
    (units / name).unlink(missing_ok=True)
if words[0] == "list-units":
    print("\\n".join(sorted(f"{{each.name}} loaded active running x" for each in units.iterdir())))
elif words[0] == "show":
    is_up = bool(pid_of(words[-1]))
    print(f"ActiveState={{'active' if is_up else 'failed'}}\\nNRestarts=0\\nExecMainStatus=3")
elif words[0] == "disable":
    stop(words[-1])
elif words[0] in ("start", "restart"):
    name = words[-1]
    if name == "trellis-secrets":
        if words[0] == "restart" or not (root / "run/trellis/secrets.json").exists():
            sys.exit(subprocess.run([root / "opt/trellis/aws/bin/python", root / "opt/trellis/kept.py"]).returncode)
    elif name.startswith("trellis-service@") and (words[0] == "restart" or not pid_of(name)):
        stop(name)
        service = name.removeprefix("trellis-service@").removesuffix(".service")
        out = open(journal / name, "ab")
        child = subprocess.Popen(
            [root / "usr/local/bin/trellis-services", "run", service], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        (units / name).write_text(str(child.pid))
"""
_JOURNALCTL = """#!{python}
import pathlib, sys
path = pathlib.Path({root!r}) / "journal" / sys.argv[sys.argv.index("--unit") + 1]
lines = path.read_text(errors="replace").splitlines() if path.exists() else []
print("\\n".join(lines[-int(sys.argv[sys.argv.index("--lines") + 1]):]))
"""


class FakeHost(FakeMachine):
    """What it runs is stopped by `stop`."""

    def __init__(self, root: Path, aws: Aws) -> None:
        super().__init__(root)
        self.env = aws.env
        for name, text in (("systemctl", _SYSTEMCTL), ("journalctl", _JOURNALCTL)):
            path = self.programs / name
            path.write_text(text.format(python=sys.executable, root=str(self.root)))
            path.chmod(0o755)
        python = self.root / "opt/trellis/aws/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)

    def pid(self, service: str) -> int:
        return int(self.text(f"units/trellis-service@{service}.service"))

    @property
    def units(self) -> list[str]:
        return sorted(each.name.removeprefix("trellis-service@").removesuffix(".service") for each in (self.root / "units").iterdir())

    def stop(self) -> None:
        for service in self.units if (self.root / "units").exists() else []:
            pid = self.pid(service)
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

#!/usr/bin/env python3
"""The services of a trading environment on its host: run one, build them, have them run and be well, show what they wrote.

Nothing but Python's own library: it is laid down by set-up and knows nothing of Trellis's code.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(os.environ.get("TRELLIS_ROOT") or "/")
TOLD, SECRETS = ROOT / "etc/trellis/services.json", ROOT / "run/trellis/secrets.json"
CODE, HOME = ROOT / "srv/trellis/now", ROOT / "var/lib/trellis/home"
USER = "trellis-env"
_UNIT = "trellis-service@"
_LOOK_S, _ALIVE_S, _ASK_S = 0.2, 2.0, 5.0
_LINES, _TRIES = 30, 3
_ROOM, _ROOM_OF_REASONS = 22_000, 7_000  # bytes: SSM answers the first 24,000 of what is printed, and 8,000 of errors

Service = dict[str, Any]


def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TOLD.read_text("utf-8"))
    return found


def services() -> dict[str, Service]:
    return {each["name"]: each for each in told()["services"]}


def run(name: str) -> NoReturn:
    """Become it, with its variables and what was read of secrets."""
    service = services()[name]
    given = {**os.environ, "HOME": str(HOME), **service["env"], **told()["shared"], **json.loads(SECRETS.read_text("utf-8"))}
    os.chdir(CODE)
    os.execvpe(service["argv"][0], service["argv"], given)  # noqa: S606 - it takes our place in the unit


def build() -> None:
    """In the code's own folder, by the user that runs it, without what is secret; what was built once is left alone."""
    done = CODE / ".trellis-built"
    if done.exists():
        return
    for service in services().values():
        if service["build"]:
            _build(service)
    done.touch()


def _build(service: Service) -> None:
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(HOME), **service["env"]}
    user = USER if os.geteuid() == 0 and _is_known(USER) else None
    groups: Any = () if user else None
    code, out, within_s = CODE.resolve(), subprocess.PIPE, told()["build_within_s"]
    try:
        ran = subprocess.run(
            service["build"],
            cwd=code,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=within_s,
            check=False,
            user=user,
            group=user,
            extra_groups=groups,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        fail(f"{service['name']} is not built: {problem}")
    if ran.returncode:
        fail(f"building {service['name']} exited with code {ran.returncode}", ran.stdout.decode(errors="replace").splitlines())


def start(is_changed: bool) -> None:  # noqa: FBT001 - a word of our command line
    """All that are told of, and none else."""
    wanted = {f"{_UNIT}{name}.service" for name in services()}
    listed = control("list-units", "--all", "--plain", "--no-legend", "--full", f"{_UNIT}*.service").split("\n")
    for unit in sorted({line.split()[0] for line in listed if line.strip()} - wanted):
        control("disable", "--now", unit)
    for unit in sorted(wanted):
        control("enable", unit)
        control("restart" if is_changed else "start", unit)
    well(list(services().values()))


def restart(name: str) -> None:
    known = services()
    if name != "-" and name not in known:
        fail(f"there is no service {name}; there are: {', '.join(known)}")
    chosen = [each for each in known.values() if name in ("-", each["name"])]
    for each in chosen:
        control("restart", f"{_UNIT}{each['name']}.service")
    well(chosen)


def well(chosen: list[Service]) -> None:
    """Wait until each answers, or has lived a while where it is asked nothing."""
    within_s = told()["within_s"]
    until = time.monotonic() + within_s
    for service in chosen:
        if reason := _until_well(service, until):
            wrong = (
                f"{service['name']} {reason}"
                if reason.startswith("exited")
                else f"{service['name']} is not well after {within_s:g} s: {reason}"
            )
            fail(wrong, journal(service["name"], _LINES))


def _until_well(service: Service, until: float) -> str:
    """Nothing when it is well, else what it did instead."""
    seen, since = _restarts(state(service)), time.monotonic()
    most = seen + _TRIES
    while True:
        found = state(service)
        if _restarts(found) != seen:
            seen, since = _restarts(found), time.monotonic()
        if seen >= most or found.get("ActiveState") == "failed":
            return f"exited with code {found.get('ExecMainStatus', '?')}"
        if service["health"] is not None:
            reason = asked(service)
        else:
            is_alive = found.get("ActiveState") == "active" and time.monotonic() - since >= _ALIVE_S
            reason = "" if is_alive else "it does not stay alive"
        if not reason or time.monotonic() > until:
            return reason
        time.sleep(_LOOK_S)


def asked(service: Service) -> str:
    """Nothing for a good answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{service['port']}{service['health']}", timeout=_ASK_S):
            return ""
    except urllib.error.HTTPError as answer:
        return f"it answered {answer.code} on {service['health']}"
    except (OSError, ValueError) as problem:
        return f"it does not answer: {getattr(problem, 'reason', problem)}"


def state(service: Service) -> dict[str, str]:
    said = control("show", "-p", "ActiveState,NRestarts,ExecMainStatus", f"{_UNIT}{service['name']}.service")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _restarts(found: dict[str, str]) -> int:
    return int(found.get("NRestarts") or 0)


def control(*words: str) -> str:
    ran = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False, timeout=120)
    if ran.returncode and words[0] in {"enable", "restart", "start"}:
        fail(f"systemctl {' '.join(words)}: {ran.stderr.strip()[-300:]}")
    return ran.stdout


def journal(name: str, lines: int) -> list[str]:
    asked = ["journalctl", "--output", "cat", "--lines", str(lines), "--unit", f"{_UNIT}{name}.service"]
    return subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False, timeout=60).stdout.splitlines()


def logs(name: str, lines: int) -> None:
    """Name, tab, line: of all services or one, as many lines of each as there is room for."""
    known = [each for each in services() if name in ("-", each)]
    for each in known:
        told = [f"{each}\t{line}" for line in journal(each, max(1, lines // len(known)))]
        sys.stdout.writelines(f"{line}\n" for line in newest(told, _ROOM // len(known)))


def newest(lines: list[str], room: int) -> list[str]:
    """The last of them that so many bytes have room for, one at least."""
    for number in range(len(lines) - 1, -1, -1):
        room -= len(lines[number].encode(errors="replace")) + 1
        if room < 0:
            return lines[number + 1 :] or lines[-1:]
    return lines


def fail(reason: str, log: list[str] | None = None) -> NoReturn:
    """The reason is the last line."""
    sys.stderr.write("\n".join([*newest((log or [])[-_LINES:], _ROOM_OF_REASONS - len(reason.encode())), reason]) + "\n")
    raise SystemExit(1)


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def main(words: list[str]) -> None:
    does: dict[str, Callable[[], None]] = {
        "run": lambda: run(words[1]),
        "build": build,
        "start": lambda: start(is_changed=words[1:] == ["anew"]),
        "restart": lambda: restart(words[1]),
        "logs": lambda: logs(words[1], int(words[2])),
    }
    does[words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])

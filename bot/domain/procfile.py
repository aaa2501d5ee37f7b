"""A `Procfile`: one `name: command` a line (https://devcenter.heroku.com/articles/procfile)."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.domain.service_config import MAX_SERVICES, DevEnv, Problems, ServiceConfig, check_name, command, decoded, is_name
from bot.domain.yaml_nodes import shown

FILE = "Procfile"
_LINE = re.compile(r"\s*([^\s:]+)\s*:(\s*)(.*)")
_BACKGROUND = frozenset({"worker", "clock", "scheduler"})


def read(content: bytes, problems: Problems) -> DevEnv:
    """The services, `web` first; `release` is no service but runs once before, as the main one's build.

    The main service is probed at `/`; the others are not, and neither is a main one that is called as background work is.
    """
    commands = _commands(decoded(content, problems) or "", problems)
    release = commands.pop("release", None)
    if not commands and not problems.found:
        problems.add((1, 1), "no_services", "this file names no service", "web: python3 app.py")
    main = "web" if "web" in commands else next((name for name in commands if name not in _BACKGROUND), next(iter(commands), ""))
    services = [ServiceConfig(name, line) for name, line in commands.items()]
    services.sort(key=lambda service: service.name != main)
    if services:
        services[0] = replace(services[0], health=None if main in _BACKGROUND else "/", build=release)
    return DevEnv(tuple(services), FILE)


def _commands(text: str, problems: Problems) -> dict[str, str]:
    commands: dict[str, str] = {}
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if problems.is_full:
            break
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            problems.add((number, 1), "bad_line", f'"{shown(line)}" is not a line of a Procfile', "web: python3 app.py")
            continue
        name, at = match[1], (number, match.start(1) + 1)
        check_name(name, at, problems)
        if name in commands:
            problems.add(at, "duplicate_key", f'"{shown(name)}" is here twice')
        elif len(commands) == MAX_SERVICES + ("release" in commands) and name != "release":
            problems.add(at, "too_many", f"there are too many services: {MAX_SERVICES} at most")
            break
        commands[name] = command(match[3], name if is_name(name) else "web", (number, match.start(3) + 1), problems)
    return commands

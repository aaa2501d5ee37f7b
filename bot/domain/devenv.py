"""What a repository says of its environments: `.dev-env.yaml`, else `Procfile`, as services or as what is wrong where.

version: 1
services:
  web:                     # the first is the main one: http://<slug>.localhost; the others <service>--<slug>
    run: python3 app.py    # or a list of words; listens on $PORT
    port: 8000             # what it would like; $PORT says what it gets
    health: /health        # a path, or false for no probe; "/" for the first service and for those with a port
    env: {DEBUG: "1"}
    build: make assets     # once per commit, before anything starts
ttl: 8h                    # and size, tilt_args, profiles: see devenv_wishes.py, devenv_seeds.py and devenv_trading.py

Which keys there are says devenv_file.py, from which the JSON Schema is made too.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from bot.domain import procfile
from bot.domain.devenv_file import File, Service, keys_of
from bot.domain.devenv_given import refuse_given, refuse_lifetimes
from bot.domain.devenv_nodes import at, fields_of, variables
from bot.domain.devenv_opening import opening_of
from bot.domain.devenv_seeds import seeds_of
from bot.domain.devenv_trading import is_trading, service_of, trading_of
from bot.domain.devenv_wishes import profiles_of, reads_tilt_args, wishes_of
from bot.domain.environment import STRATEGY
from bot.domain.service_config import MAX_SERVICES, ConfigProblem, DevEnv, Opening, Problems, ServiceConfig, check_name, command, decoded
from bot.domain.trading import USUAL, Offer, Trading
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence, Unreadable, shown
from bot.domain.yaml_nodes import read as read_yaml

__all__ = ["FILES", "ConfigProblem", "DevEnv", "ServiceConfig", "read"]

FILE = ".dev-env.yaml"
FILES = (FILE, procfile.FILE)
"""Where to look, the first that is there wins."""

_EXAMPLE = "services: {web: {run: python3 app.py}}"
_WHOLE = f"{{version: 1, {_EXAMPLE}}}"
_PATH = re.compile(r"/[!-\"$-~]{0,1023}")


def read(
    dev_env: bytes | None, procfile_content: bytes | None, offer: Offer = USUAL, now: float | None = None, *, runs_tilt: bool = False
) -> DevEnv | tuple[ConfigProblem, ...]:
    """What the two files say; None for one that is not there. Never raises; at most ten problems.

    `now`: None where it is not asked whether there is data of the time of a replay. `runs_tilt`: `tilt up` gets tilt_args, so that
    no service has to read them.
    """
    if dev_env is not None:
        problems = Problems(FILE)
        said = _dev_env(dev_env, problems, offer, now, runs_tilt=runs_tilt)
    elif procfile_content is not None:
        problems = Problems(procfile.FILE)
        said = procfile.read(procfile_content, problems)
    else:
        message = "this branch does not say what to run: it has no .dev-env.yaml and no Procfile. Add a .dev-env.yaml"
        return (ConfigProblem("no_services", message, suggestion=_WHOLE),)
    return tuple(problems.found) or said


def _dev_env(content: bytes, problems: Problems, offer: Offer, now: float | None, *, runs_tilt: bool) -> DevEnv:
    text = decoded(content, problems)
    if text is None:
        return DevEnv((), FILE)
    try:
        root = read_yaml(text)
    except Unreadable as error:
        problems.add((error.line, error.column), error.code, error.message, error.suggestion)
        return DevEnv((), FILE)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        problems.add((1, 1), "no_services", "this file is empty", _WHOLE)
        return DevEnv((), FILE)
    fields = fields_of(root, "the file", keys_of(File), problems, _WHOLE)
    if fields is None:
        return DevEnv((), FILE)
    _check_version(fields, problems)
    trading = trading_of(fields, problems, offer, now) if is_trading(fields) else None
    services = _services(fields.get("services"), problems) if "services" in fields or not is_trading(fields) else ()
    if is_trading(fields):
        refuse_given(fields, problems)
    if trading:
        services = _with_strategy(trading, services, fields, problems, offer)
    is_read = runs_tilt or reads_tilt_args(services)
    wishes = wishes_of(fields, problems, is_tilt_read=is_read)
    if trading:
        wishes = replace(wishes, ttl_s=trading.ttl_hours * 3600)
    create = opening_of(fields["create"], problems) if "create" in fields else Opening()
    if trading:
        refuse_lifetimes(fields, trading, problems)
    profiles = profiles_of(fields.get("profiles"), services, problems, is_tilt_read=is_read)
    seeds = seeds_of(fields.get("seeds"), services, problems)
    return DevEnv(services, FILE, wishes, create, profiles, _lines(root), trading, seeds)


def _with_strategy(
    trading: Trading, services: tuple[ServiceConfig, ...], fields: dict[str, Node], problems: Problems, offer: Offer
) -> tuple[ServiceConfig, ...]:
    """After the others: the first is the main one, and a strategy need not answer anybody. All are told the profile."""
    if any(each.name == STRATEGY for each in services):
        problems.add(at(fields["services"]), "said_twice", f'the strategy is the service "{STRATEGY}": name the other one otherwise')
    strategy = service_of(trading, offer)
    return (*(replace(each, env=(*each.env, *strategy.env)) for each in services), strategy)


def _lines(node: Node, above: str = "") -> dict[str, int]:
    """Where each key stands, however deep: `services.web.run` → 4."""
    found: dict[str, int] = {}
    for key, value in node.entries if isinstance(node, Mapping) else ():
        path = f"{above}{key.text}"
        found[path] = key.line
        found |= _lines(value, f"{path}.")
    return found


def _as_mapping(node: Node) -> str:
    is_line = isinstance(node, Scalar) and isinstance(node.value, str) and "\n" not in node.text
    return f"{{run: {shown(node.text)}}}" if isinstance(node, Scalar) and is_line and node.text.strip() else ""


def _check_version(fields: dict[str, Node], problems: Problems) -> None:
    version = fields.get("version")
    if version is None:
        problems.add((1, 1), "missing_key", "the file does not say its version", "version: 1")
    elif not isinstance(version, Scalar) or type(version.value) is not int:
        problems.add(at(version), "wrong_type", "the version is the number 1", "version: 1")
    elif version.value != 1:
        problems.add(at(version), "unknown_version", f"version {shown(version.text)} is not known here", "version: 1")


def _services(node: Node | None, problems: Problems) -> tuple[ServiceConfig, ...]:
    if node is None or (isinstance(node, Scalar) and node.value is None) or (isinstance(node, Mapping) and not node.entries):
        problems.add(at(node) if node else (1, 1), "no_services", "this file names no service", _EXAMPLE)
        return ()
    if not isinstance(node, Mapping):
        problems.add(at(node), "wrong_type", '"services" is a mapping of names to services', _EXAMPLE)
        return ()
    if len(node.entries) > MAX_SERVICES:
        problems.add(at(node.entries[MAX_SERVICES][0]), "too_many", f"there are {len(node.entries)} services: {MAX_SERVICES} at most")
        return ()
    services: list[ServiceConfig] = []
    for key, value in node.entries:
        check_name(key.text, at(key), problems)
        services.append(_service(key, value, problems, is_main=not services))
    return tuple(services)


def _service(key: Scalar, node: Node, problems: Problems, *, is_main: bool) -> ServiceConfig:
    fields = fields_of(node, f'the service "{shown(key.text)}"', keys_of(Service), problems, _as_mapping(node))
    if fields is None:
        return ServiceConfig(key.text, "")
    if "run" not in fields:
        problems.add(at(key), "missing_key", f'"{shown(key.text)}" does not say what to run', "run: python3 app.py")
    port = _port(fields["port"], problems) if "port" in fields else None
    default = "/" if is_main or port is not None else None
    return ServiceConfig(
        name=key.text,
        run=_command(fields["run"], "run", problems) if "run" in fields else "",
        port=port,
        health=_health(fields["health"], problems) if "health" in fields else default,
        env=variables(fields["env"], problems) if "env" in fields else (),
        build=_command(fields["build"], "build", problems) if "build" in fields else None,
    )


def _command(node: Node, what: str, problems: Problems) -> str:
    if isinstance(node, Sequence):
        words = [item.text for item in node.items if isinstance(item, Scalar) and item.value is not None]
        if len(words) == len(node.items):
            return command(shlex.join(words) if any(words[:1]) else "", what, at(node), problems)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        return command(node.text, what, at(node), problems)
    elif isinstance(node, Scalar) and not node.text:
        return command("", what, at(node), problems)
    problems.add(at(node), "wrong_type", f'"{what}" is a command line or a list of words', f"{what}: python3 app.py")
    return ""


def _port(node: Node, problems: Problems) -> int | None:
    value = node.value if isinstance(node, Scalar) else None
    if type(value) is not int:
        digits = node.text if isinstance(node, Scalar) and re.fullmatch(r"[1-9][0-9]{0,4}", node.text) else "8000"
        problems.add(at(node), "wrong_type", "a port is a whole number from 1 to 65535", f"port: {digits}")
        return None
    if not 1 <= value <= 65535:
        problems.add(at(node), "out_of_range", "a port is a whole number from 1 to 65535", "port: 8000")
    return value


def _health(node: Node, problems: Problems) -> str | None:
    value = node.value if isinstance(node, Scalar) else True
    if value is None or value is False:
        return None
    if not isinstance(value, str):
        problems.add(at(node), "wrong_type", '"health" is a path, or false for no probe', "health: /health")
        return None
    if not _PATH.fullmatch(value):
        near = "/" + value.lstrip("/")
        message = "a health path begins with / and has no spaces and no # in it; 1024 characters at most"
        problems.add(at(node), "bad_path", message, f"health: {shown(near) if _PATH.fullmatch(near) else '/health'}")
    return value

"""What a repository says of its environments: `.dev-env.yaml`, else `Procfile`, as services or as what is wrong where.

version: 1
services:
  web:                     # the first is the main one: http://<slug>.localhost; the others <service>--<slug>
    run: python3 app.py    # or a list of words; listens on $PORT
    port: 8000             # what it would like; $PORT says what it gets
    health: /health        # a path, or false for no probe; "/" for the first service and for those with a port
    env: {DEBUG: "1"}
    build: make assets     # once per commit, before anything starts
"""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches

from bot.domain import procfile
from bot.domain.service_config import MAX_LINE, MAX_SERVICES, ConfigProblem, DevEnv, Problems, ServiceConfig, check_name, command, decoded
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence, Unreadable, shown
from bot.domain.yaml_nodes import read as read_yaml

__all__ = ["FILES", "ConfigProblem", "DevEnv", "ServiceConfig", "read"]

FILE = ".dev-env.yaml"
FILES = (FILE, procfile.FILE)
"""Where to look, the first that is there wins."""

_EXAMPLE = "services: {web: {run: python3 app.py}}"
_WHOLE = f"{{version: 1, {_EXAMPLE}}}"
MAX_VARIABLES = 100
_TOP = ("version", "services")
_KEYS = ("run", "port", "health", "env", "build")
_MEANT = {"command": "run", "cmd": "run", "start": "run", "environment": "env", "healthcheck": "health", "ports": "port", "expose": "port"}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PATH = re.compile(r"/[!-\"$-~]{0,1023}")


def read(dev_env: bytes | None, procfile_content: bytes | None) -> DevEnv | tuple[ConfigProblem, ...]:
    """What the two files say; None for one that is not there. Never raises; at most ten problems."""
    if dev_env is not None:
        problems = Problems(FILE)
        said = _dev_env(dev_env, problems)
    elif procfile_content is not None:
        problems = Problems(procfile.FILE)
        said = procfile.read(procfile_content, problems)
    else:
        message = "this branch does not say what to run: it has no .dev-env.yaml and no Procfile. Add a .dev-env.yaml"
        return (ConfigProblem("no_services", message, suggestion=_WHOLE),)
    return tuple(problems.found) or said


def _dev_env(content: bytes, problems: Problems) -> DevEnv:
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
    fields = _fields(root, "the file", _TOP, problems)
    if fields is None:
        return DevEnv((), FILE)
    _check_version(fields, problems)
    return DevEnv(_services(fields.get("services"), problems), FILE)


def _at(node: Node) -> tuple[int, int]:
    return node.line, node.column


def _fields(node: Node, what: str, known: tuple[str, ...], problems: Problems) -> dict[str, Node] | None:
    """The entries of a mapping whose keys are known; None when it is no mapping."""
    if not isinstance(node, Mapping):
        problems.add(
            _at(node),
            "wrong_type",
            f"{what} is a mapping with the keys {', '.join(known)}",
            _as_mapping(node) if known is _KEYS else _WHOLE,
        )
        return None
    for key, _ in node.entries:
        if key.text not in known and not problems.is_full:
            near = _nearest(key.text, known)
            others = "" if near else f": there are {', '.join(known)}"
            problems.add(_at(key), "unknown_key", f'there is no key "{shown(key.text)}" here{others}', near)
    return {key.text: value for key, value in node.entries if key.text in known}


def _as_mapping(node: Node) -> str:
    is_line = isinstance(node, Scalar) and isinstance(node.value, str) and "\n" not in node.text
    return f"{{run: {shown(node.text)}}}" if isinstance(node, Scalar) and is_line and node.text.strip() else ""


def _nearest(word: str, known: tuple[str, ...]) -> str:
    folded = word[:40].lower().strip()
    meant = _MEANT.get(folded, "")
    return meant if meant in known else next(iter(get_close_matches(folded, known, 1, 0.6)), "")


def _check_version(fields: dict[str, Node], problems: Problems) -> None:
    version = fields.get("version")
    if version is None:
        problems.add((1, 1), "missing_key", "the file does not say its version", "version: 1")
    elif not isinstance(version, Scalar) or type(version.value) is not int:
        problems.add(_at(version), "wrong_type", "the version is the number 1", "version: 1")
    elif version.value != 1:
        problems.add(_at(version), "unknown_version", f"version {shown(version.text)} is not known here", "version: 1")


def _services(node: Node | None, problems: Problems) -> tuple[ServiceConfig, ...]:
    if node is None or (isinstance(node, Scalar) and node.value is None) or (isinstance(node, Mapping) and not node.entries):
        problems.add(_at(node) if node else (1, 1), "no_services", "this file names no service", _EXAMPLE)
        return ()
    if not isinstance(node, Mapping):
        problems.add(_at(node), "wrong_type", '"services" is a mapping of names to services', _EXAMPLE)
        return ()
    if len(node.entries) > MAX_SERVICES:
        problems.add(_at(node.entries[MAX_SERVICES][0]), "too_many", f"there are {len(node.entries)} services: {MAX_SERVICES} at most")
        return ()
    services: list[ServiceConfig] = []
    for key, value in node.entries:
        check_name(key.text, _at(key), problems)
        services.append(_service(key, value, problems, is_main=not services))
    return tuple(services)


def _service(key: Scalar, node: Node, problems: Problems, *, is_main: bool) -> ServiceConfig:
    fields = _fields(node, f'the service "{shown(key.text)}"', _KEYS, problems)
    if fields is None:
        return ServiceConfig(key.text, "")
    if "run" not in fields:
        problems.add(_at(key), "missing_key", f'"{shown(key.text)}" does not say what to run', "run: python3 app.py")
    port = _port(fields["port"], problems) if "port" in fields else None
    default = "/" if is_main or port is not None else None
    return ServiceConfig(
        name=key.text,
        run=_command(fields["run"], "run", problems) if "run" in fields else "",
        port=port,
        health=_health(fields["health"], problems) if "health" in fields else default,
        env=_variables(fields["env"], problems) if "env" in fields else (),
        build=_command(fields["build"], "build", problems) if "build" in fields else None,
    )


def _command(node: Node, what: str, problems: Problems) -> str:
    if isinstance(node, Sequence):
        words = [item.text for item in node.items if isinstance(item, Scalar) and item.value is not None]
        if len(words) == len(node.items):
            return command(shlex.join(words) if any(words[:1]) else "", what, _at(node), problems)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        return command(node.text, what, _at(node), problems)
    elif isinstance(node, Scalar) and not node.text:
        return command("", what, _at(node), problems)
    problems.add(_at(node), "wrong_type", f'"{what}" is a command line or a list of words', f"{what}: python3 app.py")
    return ""


def _port(node: Node, problems: Problems) -> int | None:
    value = node.value if isinstance(node, Scalar) else None
    if type(value) is not int:
        digits = node.text if isinstance(node, Scalar) and re.fullmatch(r"[1-9][0-9]{0,4}", node.text) else "8000"
        problems.add(_at(node), "wrong_type", "a port is a whole number from 1 to 65535", f"port: {digits}")
        return None
    if not 1 <= value <= 65535:
        problems.add(_at(node), "out_of_range", "a port is a whole number from 1 to 65535", "port: 8000")
    return value


def _health(node: Node, problems: Problems) -> str | None:
    value = node.value if isinstance(node, Scalar) else True
    if value is None or value is False:
        return None
    if not isinstance(value, str):
        problems.add(_at(node), "wrong_type", '"health" is a path, or false for no probe', "health: /health")
        return None
    if not _PATH.fullmatch(value):
        near = "/" + value.lstrip("/")
        message = "a health path begins with / and has no spaces and no # in it; 1024 characters at most"
        problems.add(_at(node), "bad_path", message, f"health: {shown(near) if _PATH.fullmatch(near) else '/health'}")
    return value


def _variables(node: Node, problems: Problems) -> tuple[tuple[str, str], ...]:
    if isinstance(node, Scalar) and node.value is None:
        return ()
    if not isinstance(node, Mapping):
        problems.add(_at(node), "wrong_type", '"env" is a mapping of names to values', 'env: {DEBUG: "1"}')
        return ()
    if len(node.entries) > MAX_VARIABLES:
        problems.add(_at(node.entries[MAX_VARIABLES][0]), "too_many", f"there are too many variables: {MAX_VARIABLES} at most")
        return ()
    return tuple(_variable(key, value, problems) for key, value in node.entries)


def _variable(key: Scalar, node: Node, problems: Problems) -> tuple[str, str]:
    """Numbers and truth values stay as they were written: `1.10` is "1.10"."""
    name = key.text
    if not _VARIABLE.fullmatch(name) or len(name) > 100:
        near = re.sub(r"[^A-Z0-9]+", "_", name[:60].upper()).lstrip("0123456789")
        message = f'"{shown(name)}" cannot be a variable\'s name: upper-case letters, digits and _, no digit first'
        problems.add(_at(key), "bad_name", message, near)
    if name == "PORT":
        problems.add(_at(key), "reserved_name", "PORT is given to the service: leave it out")
    if not isinstance(node, Scalar) or node.value is None:
        problems.add(_at(node), "wrong_type", f'the value of "{shown(name)}" is a text, a number, true or false', f'{shown(name)}: ""')
        return name, ""
    if len(node.text.encode("utf-8", "replace")) > MAX_LINE:
        problems.add(_at(node), "too_big", f'the value of "{shown(name)}" is too long: {MAX_LINE} bytes at most')
    elif "\0" in node.text or any("\ud800" <= character <= "\udfff" for character in node.text):
        problems.add(_at(node), "not_text", f'the value of "{shown(name)}" holds a character that no variable can')
    return name, node.text

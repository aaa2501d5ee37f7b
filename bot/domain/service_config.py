"""What a repository may say of one service, and the rules that hold for each of its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.domain.datasets import Dataset
from bot.domain.environment import Size
from bot.domain.trading import Trading
from bot.domain.yaml_nodes import shown

MAX_FILE = 16 * 1024
MAX_LINE = 4 * 1024
MAX_SERVICES = 10
MAX_PROBLEMS = 10

# `<service>--<slug>` is a host name of at most 63 characters, split at its first `--`.
_NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,18}[a-z0-9]|[a-z]")


@dataclass(frozen=True)
class ServiceConfig:
    """One service. `run` and `build` are command lines; `health` is a path, None for no probe."""

    name: str
    run: str
    port: int | None = None
    health: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    build: str | None = None


@dataclass(frozen=True)
class Wishes:
    """What a file wishes for where nobody says otherwise; None and empty: nothing. A profile is a named one."""

    services: tuple[str, ...] = ()  # only these; () for all
    ttl_s: float | None = None
    size: Size | None = None
    tilt_args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Opening:
    """Whether an environment is made when a request is opened. `branches`: patterns with *, () for all."""

    is_on: bool = False
    branches: tuple[str, ...] = ()
    drafts: bool = False

    def wants(self, branch: str, *, is_draft: bool) -> bool:
        is_meant = not self.branches or any(fnmatchcase(branch, each) for each in self.branches)
        return self.is_on and is_meant and (self.drafts or not is_draft)


@dataclass(frozen=True)
class DevEnv:
    """The services of a repository, the main one first, what it wishes for, and the file that said so.

    `lines` tells where a key stands: `ttl`, `services.web.run`, `profiles.fast.size`.
    """

    services: tuple[ServiceConfig, ...]
    file: str
    wishes: Wishes = Wishes()
    create: Opening = Opening()
    profiles: Mapping[str, Wishes] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    trading: Trading | None = None
    seeds: tuple[Dataset, ...] = ()


@dataclass(frozen=True)
class ConfigProblem:
    """What is wrong where: lines and columns count from 1, in characters. `suggestion` is what to write instead, or ""."""

    code: str
    message: str
    line: int = 1
    column: int = 1
    suggestion: str = ""
    file: str = ".dev-env.yaml"

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{text}. Try: {self.suggestion}" if self.suggestion else text


@dataclass
class Problems:
    """What was found wrong in one file so far; the first ten are kept."""

    file: str
    found: list[ConfigProblem] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.found) >= MAX_PROBLEMS

    def add(self, at: tuple[int, int], code: str, message: str, suggestion: str = "") -> None:
        if not self.is_full:
            self.found.append(ConfigProblem(code, message, *at, suggestion, self.file))


def decoded(content: bytes, problems: Problems) -> str | None:
    """The file's text without its byte order mark; None when it is none or too long."""
    if len(content) > MAX_FILE:
        problems.add((1, 1), "too_big", f"this file is too big: {len(content)} bytes, {MAX_FILE} at most")
        return None
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode().replace("\r\n", "\n").replace("\r", "\n")
        at = before.count("\n") + 1, len(before) - before.rfind("\n")
        problems.add(at, "not_text", "this file is not UTF-8: save it as UTF-8")
        return None


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def check_name(name: str, at: tuple[int, int], problems: Problems, what: str = "a service") -> None:
    if is_name(name):
        return
    near = re.sub(r"[^a-z0-9]+", "-", name[:60].lower()).lstrip("-0123456789")[:20].strip("-")
    message = (
        f'"{shown(name)}" cannot be {what}\'s name: a letter, then letters, digits and single dashes, lower case, 20 characters at most'
    )
    problems.add(at, "bad_name", message, near)


def command(text: str, what: str, at: tuple[int, int], problems: Problems) -> str:
    """`text` as a command line, without the space around it."""
    line = text.strip()
    if not line:
        problems.add(at, "empty", f'"{what}" is empty: write the command', f"{what}: python3 app.py")
    elif len(line.encode("utf-8", "replace")) > MAX_LINE:
        problems.add(at, "too_big", f'"{what}" is too long: {MAX_LINE} bytes at most. Put it into a script')
    elif any(not _is_writable(character) for character in line):
        problems.add(at, "not_text", f'"{what}" holds a character that does not belong in a command')
    return line


def _is_writable(character: str) -> bool:
    return character in "\n\t" or (character >= " " and not "\x7f" <= character <= "\x9f" and not "\ud800" <= character <= "\udfff")

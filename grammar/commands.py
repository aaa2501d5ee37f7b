"""The commands: one frozen dataclass each, with what help, options and completion are made from. commands.lark is how they are written."""
# ruff: noqa: RUF009 - the functions that make fields give dataclasses.field

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from grammar import values
from grammar.accounts import IVY_ACCOUNTS, SLED_ACCOUNTS, Link, SledLink, SledUnlink, Unlink
from grammar.command import Command, Product, Slot, env_field, flag, option, option_of, positional
from grammar.lifetime import (
    LIFETIME,
    SLED_APPROVALS,
    Approve,
    Cost,
    History,
    Keep,
    Pause,
    Reject,
    Restore,
    Resume,
    SledApprove,
    SledReject,
    Transfer,
    Unkeep,
)
from grammar.looks import LOOKS, List, Logs, Status, Url, Why
from grammar.mistakes import Code
from grammar.nearest import nearest
from grammar.sled import SLED, Artifacts, Deploy, Plan, SledStatus
from grammar.sled_betas import SLED_BETAS, Beta, Release
from grammar.sled_moves import SLED_MOVES, Diff, Promote, Rollback
from grammar.sled_past import SLED_PAST, SledCancel, SledHistory, SledLogs, SledRetry, SledWhy
from grammar.sled_rules import SLED_RULES, Freeze, Lock, Locks, SledResume, Unlock, Unveto, Veto
from grammar.targets import TargetName
from grammar.until import Until
from grammar.values import BadValue, EnvironmentName, Kind, Size

__all__ = [
    "COMMANDS",
    "VERBS",
    "Approve",
    "Artifacts",
    "Beta",
    "Cancel",
    "Command",
    "Config",
    "Cost",
    "Create",
    "Deploy",
    "Diff",
    "EnvironmentName",
    "Extend",
    "Freeze",
    "Help",
    "History",
    "Keep",
    "Link",
    "List",
    "Lock",
    "Locks",
    "Logs",
    "Pause",
    "Plan",
    "Product",
    "Promote",
    "Reject",
    "Release",
    "Restart",
    "Restore",
    "Resume",
    "Retry",
    "Rollback",
    "Size",
    "SledApprove",
    "SledCancel",
    "SledHelp",
    "SledHistory",
    "SledLink",
    "SledLogs",
    "SledReject",
    "SledResume",
    "SledRetry",
    "SledStatus",
    "SledUnlink",
    "SledWhoami",
    "SledWhy",
    "Slot",
    "Status",
    "TargetName",
    "Terminate",
    "Transfer",
    "Unkeep",
    "Unlink",
    "Unlock",
    "Until",
    "Unveto",
    "Update",
    "Url",
    "Veto",
    "Whoami",
    "Why",
    "option_of",
]


def _size() -> Any:
    return option(values.SIZE, "S", "small, medium or large")


def _seed() -> Any:
    return option(values.DATASET, "DATASET", "fill it with a dataset of the repository's file, or of the operator's")


def _tilt_args() -> Any:
    return option(values.TILT_ARGS, '"…"', "arguments for Tilt; the same as after `--`")


@dataclass(frozen=True, slots=True)
class Create(Command):
    words: ClassVar[str] = "ivy create"
    verb: ClassVar[str] = "create"
    summary: ClassVar[str] = "Make an environment for the branch, or for this merge request."
    examples: ClassVar[tuple[str, ...]] = (
        "/ivy create",
        "/ivy create feature/login --ttl 8h",
        "/ivy create shop:main --name demo --size large -- --only web api",
        "/ivy create --profile fast --service web,api --dry-run",
        "/ivy create --sha 4fd1c0e9a3b2",
    )

    branch: str | None = positional(values.BRANCH, "BRANCH", "the branch, also as `PROJECT:BRANCH`")
    project: str | None = option(values.PROJECT, "P", "the project it is made of")
    name: str | None = option(values.NAME, "N", "another name, for a second environment of the same branch")
    tilt_args: tuple[str, ...] | None = _tilt_args()
    sha: str | None = option(values.SHA, "SHA", "only at this commit, which must be the head; a fork's code needs it")
    ttl: int | None = option(values.DURATION, "D", "how long it lives: `45m`, `4h`, `2d`")
    size: Size | None = _size()
    profile: str | None = option(values.PROFILE, "P", "a profile of the repository's file")
    service: tuple[str, ...] | None = option(values.SERVICES, "A,B", "only these services")
    seed: str | None = _seed()
    dry_run: bool = flag("say what would be made, and make nothing")
    keep: bool = flag("let it stay much longer, as `/ivy keep` does")


@dataclass(frozen=True, slots=True)
class Update(Command):
    words: ClassVar[str] = "ivy update"
    verb: ClassVar[str] = "update"
    summary: ClassVar[str] = "Bring it to the head of its branch, pin it to a commit, or change it."
    examples: ClassVar[tuple[str, ...]] = (
        "/ivy update",
        "/ivy update demo-x7k2qa --sha 4fd1c0e",
        '/ivy update #12 --tilt-args "--only web"',
        "/ivy update --seed demo",
    )

    env: EnvironmentName | None = env_field()
    sha: str | None = option(values.SHA, "SHA", "stay at this commit until a bare update")
    tilt_args: tuple[str, ...] | None = _tilt_args()
    size: Size | None = _size()
    seed: str | None = _seed()


@dataclass(frozen=True, slots=True)
class Extend(Command):
    words: ClassVar[str] = "ivy extend"
    verb: ClassVar[str] = "extend"
    summary: ClassVar[str] = "Let it live longer: a day when nothing is said."
    examples: ClassVar[tuple[str, ...]] = (
        "/ivy extend",
        "/ivy extend 8h",
        '/ivy extend #12 --until "fri 18:00" --reason the long test, until it ends',
    )
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = (("duration", "until"),)

    env: EnvironmentName | None = env_field()
    duration: int | None = positional(values.DURATION, "DURATION", "how much longer: `45m`, `4h`, `2d`, `1d12h`")
    until: Until | None = option(values.UNTIL, "T", 'when it shall go: `2030-01-31T18:00Z`, "18:00" or "fri 18:00"')
    reason: str | None = option(values.TEXT, "R", "why, for those who look later")


@dataclass(frozen=True, slots=True)
class Terminate(Command):
    words: ClassVar[str] = "ivy terminate"
    verb: ClassVar[str] = "terminate"
    aliases: ClassVar[tuple[str, ...]] = ("destroy",)
    summary: ClassVar[str] = "Take it down for good."
    examples: ClassVar[tuple[str, ...]] = ("/ivy terminate", "/ivy terminate demo-x7k2qa --force")

    env: EnvironmentName | None = env_field()
    force: bool = flag("at once: its services get no time to stop by themselves")


@dataclass(frozen=True, slots=True)
class Restart(Command):
    words: ClassVar[str] = "ivy restart"
    verb: ClassVar[str] = "restart"
    summary: ClassVar[str] = "Restart its services, or one of them."
    examples: ClassVar[tuple[str, ...]] = ("/ivy restart", "/ivy restart --service web", "/ivy restart #12 web", "/ivy restart --new-key")
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = (("service", "new_key"),)

    env: EnvironmentName | None = env_field()
    service: str | None = positional(values.SERVICE, "SERVICE", "only this one", option_label="S")
    new_key: bool = flag(
        "of a trading environment: its API key opens nothing from now on; its services get another, and another feed password"
    )


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    words: ClassVar[str] = "ivy cancel"
    verb: ClassVar[str] = "cancel"
    summary: ClassVar[str] = "Stop what is being done to it, safely."
    examples: ClassVar[tuple[str, ...]] = ("/ivy cancel", "/ivy cancel #12")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Retry(Command):
    words: ClassVar[str] = "ivy retry"
    verb: ClassVar[str] = "retry"
    summary: ClassVar[str] = "Try again what failed."
    examples: ClassVar[tuple[str, ...]] = ("/ivy retry", "/ivy retry demo-x7k2qa")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Config(Command):
    words: ClassVar[str] = "ivy config"
    verb: ClassVar[str] = "config"
    summary: ClassVar[str] = "Show what it is made of and where each value is from, its price per hour and how long making takes."
    examples: ClassVar[tuple[str, ...]] = ("/ivy config", "/ivy config demo-x7k2qa")

    env: EnvironmentName | None = env_field()


def _read_command(text: str) -> str:
    verb = text.lower()
    known = {name: command.verb for table in VERBS.values() for name, command in table.items()}
    if verb not in known:
        near = nearest(verb, known)
        hint = f" Did you mean `{near}`?" if near else ""
        raise BadValue(f"no command {values.shown(text)} here.{hint}", near, Code.UNKNOWN_VERB)
    return known[verb]


@dataclass(frozen=True, slots=True)
class Help(Command):
    words: ClassVar[str] = "ivy help"
    verb: ClassVar[str] = "help"
    summary: ClassVar[str] = "Show what you may run, or one command with examples."
    examples: ClassVar[tuple[str, ...]] = ("/ivy help", "/ivy help create")

    command: str | None = positional(Kind("command", _read_command), "COMMAND", "one command")


@dataclass(frozen=True, slots=True)
class Whoami(Command):
    words: ClassVar[str] = "ivy whoami"
    verb: ClassVar[str] = "whoami"
    summary: ClassVar[str] = "Say who the bot takes you for and what you may do."
    examples: ClassVar[tuple[str, ...]] = ("/ivy whoami",)


@dataclass(frozen=True, slots=True)
class SledHelp(Help):
    words: ClassVar[str] = "sled help"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled help",)


@dataclass(frozen=True, slots=True)
class SledWhoami(Whoami):
    words: ClassVar[str] = "sled whoami"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled whoami",)


COMMANDS: tuple[type[Command], ...] = (
    *(Create, Update, Extend, Terminate, Restart, *LOOKS, Cancel, Retry, Config),
    *(*LIFETIME, *IVY_ACCOUNTS, Help, Whoami, *SLED, *SLED_MOVES, *SLED_BETAS, *SLED_RULES, *SLED_PAST, *SLED_APPROVALS),
    *(*SLED_ACCOUNTS, SledHelp, SledWhoami),
)
VERBS: Mapping[Product, Mapping[str, type[Command]]] = {
    product: {verb: each for each in COMMANDS if each.product is product for verb in (each.verb, *each.aliases)} for product in Product
}

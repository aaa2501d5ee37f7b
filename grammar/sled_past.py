"""The commands about deploys that there are: what became of them, and stopping or repeating one. commands.lark is how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from grammar.command import Command, Product, option, positional, positionals
from grammar.targets import DEPLOY, PLACE, TARGET, TargetName


def _deploy() -> Any:
    return positional(DEPLOY, "DEPLOY", "its number; may be left out in the thread in which it was asked for")


@dataclass(frozen=True, slots=True)
class SledCancel(Command):
    words: ClassVar[str] = "sled cancel"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "cancel"
    summary: ClassVar[str] = "Stop a deploy: what has not begun does not begin, what runs is asked to end."
    examples: ClassVar[tuple[str, ...]] = ("/sled cancel", "/sled cancel 17")

    deploy: int | None = _deploy()


@dataclass(frozen=True, slots=True)
class SledRetry(Command):
    words: ClassVar[str] = "sled retry"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "retry"
    summary: ClassVar[str] = "Do again what of a deploy failed or was stopped, with the same artifacts."
    examples: ClassVar[tuple[str, ...]] = ("/sled retry", "/sled retry 17")

    deploy: int | None = _deploy()


@dataclass(frozen=True, slots=True)
class SledLogs(Command):
    words: ClassVar[str] = "sled logs"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "logs"
    summary: ClassVar[str] = "Show the last lines that a deploy wrote."
    examples: ClassVar[tuple[str, ...]] = ("/sled logs", "/sled logs 17")

    deploy: int | None = _deploy()


@dataclass(frozen=True, slots=True)
class SledWhy(Command):
    words: ClassVar[str] = "sled why"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "why"
    summary: ClassVar[str] = "Tell who asked for a deploy, what happened to it, and why it waits, failed or was stopped."
    examples: ClassVar[tuple[str, ...]] = ("/sled why", "/sled why 17")

    deploy: int | None = _deploy()


@dataclass(frozen=True, slots=True)
class SledHistory(Command):
    words: ClassVar[str] = "sled history"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "history"
    summary: ClassVar[str] = "Show the deploys there were, the newest first."
    examples: ClassVar[tuple[str, ...]] = ("/sled history", "/sled history payments", "/sled history shop-core --in prod")

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups; all when none is named")
    in_: str | None = option(PLACE, "E", "only in this environment")


SLED_PAST: tuple[type[Command], ...] = (SledCancel, SledRetry, SledLogs, SledWhy, SledHistory)

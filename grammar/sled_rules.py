"""The commands that say what may be deployed: locks, freezes, vetoes, and going on after a rollback. commands.lark has their grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from grammar import values
from grammar.command import Command, Product, flag, option, positional, positionals
from grammar.targets import ARTIFACT_TARGET, PLACE, TARGET, TargetName
from grammar.values import BadValue, Kind, shown

_WORD = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SCOPE = re.compile(rf"(?:(?:environment|group|service)/)?{_WORD}(?::{_WORD})?\Z")


def read_scope(text: str) -> str:
    """What a lock is about, in small letters."""
    scope = text.lower()
    if _SCOPE.match(scope):
        return scope
    better = ":".join(re.sub(r"[^a-z0-9]+", "-", part)[:63].strip("-") for part in scope.split(":")[:2]).strip(":")
    message = f"{shown(text)} does not say what is locked: an environment, a group, a service, `SERVICE:ENVIRONMENT`, or `all`."
    raise BadValue(message, better if _SCOPE.match(better) else None)


SCOPE = Kind("scope", read_scope, example="prod")


def _scope() -> Any:
    return positional(SCOPE, "SCOPE", "an environment, a group, a service, `SERVICE:ENVIRONMENT`, or `all`")


def _versions(summary: str) -> Any:
    return positionals(ARTIFACT_TARGET, "SERVICE@ARTIFACT …", summary)


@dataclass(frozen=True, slots=True)
class Lock(Command):
    words: ClassVar[str] = "sled lock"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "lock"
    summary: ClassVar[str] = "Have nobody but you deploy there, until you unlock it or its time is over. Deploys of others wait."
    examples: ClassVar[tuple[str, ...]] = (
        "/sled lock prod --reason release week --for 2d",
        "/sled lock payments:prod --reason looking for a leak",
        "/sled lock shop-core --reason ask me first --warn",
    )

    scope: str | None = _scope()
    reason: str | None = option(values.TEXT, "R", "why, for those who have to wait")
    for_: int | None = option(values.DURATION, "D", "for how long: `45m`, `4h`, `2d`; without it until it is unlocked")
    warn: bool = flag("only tell whoever deploys there, and stop nobody")


@dataclass(frozen=True, slots=True)
class Unlock(Command):
    words: ClassVar[str] = "sled unlock"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "unlock"
    summary: ClassVar[str] = "End a lock. When it is another's, they are told."
    examples: ClassVar[tuple[str, ...]] = ("/sled unlock prod", "/sled unlock payments:prod")

    scope: str | None = _scope()


@dataclass(frozen=True, slots=True)
class Locks(Command):
    words: ClassVar[str] = "sled locks"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "locks"
    summary: ClassVar[str] = "Show what is locked, vetoed and held, by whom and why."
    examples: ClassVar[tuple[str, ...]] = ("/sled locks",)


@dataclass(frozen=True, slots=True)
class Freeze(Command):
    words: ClassVar[str] = "sled freeze"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "freeze"
    summary: ClassVar[str] = "Show when nothing begins in which environment: now, and in the next two weeks."
    examples: ClassVar[tuple[str, ...]] = ("/sled freeze",)


@dataclass(frozen=True, slots=True)
class Veto(Command):
    words: ClassVar[str] = "sled veto"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "veto"
    summary: ClassVar[str] = "Have a version never deployed again, by nobody."
    examples: ClassVar[tuple[str, ...]] = ("/sled veto payments@4fd1c0e9 --reason it loses orders",)

    targets: tuple[TargetName, ...] | None = _versions("a service, with the commit or request of the version")
    reason: str | None = option(values.TEXT, "R", "why, for those who want to deploy it")


@dataclass(frozen=True, slots=True)
class Unveto(Command):
    words: ClassVar[str] = "sled unveto"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "unveto"
    summary: ClassVar[str] = "Let a vetoed version be deployed again."
    examples: ClassVar[tuple[str, ...]] = ("/sled unveto payments@4fd1c0e9",)

    targets: tuple[TargetName, ...] | None = _versions("a service, with the commit or request of the version")


@dataclass(frozen=True, slots=True)
class SledResume(Command):
    words: ClassVar[str] = "sled resume"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "resume"
    summary: ClassVar[str] = "Let deploys go on by themselves again where a rollback held them."
    examples: ClassVar[tuple[str, ...]] = ("/sled resume payments --in prod", "/sled resume shop-core --in dev")

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups")
    in_: str | None = option(PLACE, "E", "the environment in which they are held")


SLED_RULES: tuple[type[Command], ...] = (Lock, Unlock, Locks, Freeze, Veto, Unveto, SledResume)

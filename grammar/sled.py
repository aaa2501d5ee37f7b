"""The commands that deploy services: what goes where, what would change, what runs. commands.lark is how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from grammar import values
from grammar.command import Command, Product, flag, option, positionals
from grammar.targets import ARTIFACT_TARGET, PLACE, TARGET, TargetName


def _to() -> Any:
    return option(PLACE, "E", "the environment that it goes to")


def _in() -> Any:
    return option(PLACE, "E", "only in this environment")


def _reason() -> Any:
    return option(values.TEXT, "R", "why, for those who look later")


_WHAT = "a service or a deploy group, each also as `NAME@ARTIFACT`: a commit, `!12`, `latest`; else the newest of merged main"


@dataclass(frozen=True, slots=True)
class Deploy(Command):
    words: ClassVar[str] = "sled deploy"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "deploy"
    summary: ClassVar[str] = "Bring services to an environment."
    examples: ClassVar[tuple[str, ...]] = (
        "/sled deploy payments --to dev",
        "/sled deploy payments@4fd1c0e9 web@!12 --to dev --reason the new tariff",
        "/sled deploy shop-core@latest --to dev",
    )

    targets: tuple[TargetName, ...] | None = positionals(ARTIFACT_TARGET, "TARGET[@ARTIFACT] …", _WHAT)
    to: str | None = _to()
    reason: str | None = _reason()
    dry_run: bool = flag("only say what would change")
    force: bool = flag("past locks, freezes, gates and the order of environments: for few, and told to all")


@dataclass(frozen=True, slots=True)
class Plan(Command):
    words: ClassVar[str] = "sled plan"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "plan"
    summary: ClassVar[str] = "Say what a deploy would change, and change nothing."
    examples: ClassVar[tuple[str, ...]] = ("/sled plan payments --to prod", "/sled plan shop-core@latest --to dev")

    targets: tuple[TargetName, ...] | None = positionals(ARTIFACT_TARGET, "TARGET[@ARTIFACT] …", _WHAT)
    to: str | None = _to()


@dataclass(frozen=True, slots=True)
class SledStatus(Command):
    words: ClassVar[str] = "sled status"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "status"
    summary: ClassVar[str] = "Say what runs where."
    examples: ClassVar[tuple[str, ...]] = ("/sled status", "/sled status payments", "/sled status shop-core --in prod")

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups; all when none is named")
    in_: str | None = _in()


@dataclass(frozen=True, slots=True)
class Artifacts(Command):
    words: ClassVar[str] = "sled artifacts"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "artifacts"
    summary: ClassVar[str] = "Say what was built of services, and where it runs."
    examples: ClassVar[tuple[str, ...]] = ("/sled artifacts payments",)

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups; all when none is named")


SLED: tuple[type[Command], ...] = (Deploy, Plan, SledStatus, Artifacts)

"""The commands that move what was built already: back, and on. commands.lark is how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grammar import values
from grammar.command import Command, Product, flag, option, positionals
from grammar.targets import DEPLOY, PLACE, TARGET, TargetName


@dataclass(frozen=True, slots=True)
class Rollback(Command):
    words: ClassVar[str] = "sled rollback"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "rollback"
    summary: ClassVar[str] = "Bring back what ran there before, and have nothing go there by itself until it is resumed."
    examples: ClassVar[tuple[str, ...]] = (
        "/sled rollback payments --to prod",
        "/sled rollback shop-core --to prod --reason it loses orders --veto",
        "/sled rollback payments --to prod --to-deploy 17",
    )

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups; together they are one act")
    to: str | None = option(PLACE, "E", "the environment in which it runs")
    to_deploy: int | None = option(DEPLOY, "N", "to what the deploy of that number brought, instead of the last good one")
    reason: str | None = option(values.TEXT, "R", "why, for those who look later")
    veto: bool = flag("have the version that is taken back never deployed again; needs `--reason`")


@dataclass(frozen=True, slots=True)
class Promote(Command):
    words: ClassVar[str] = "sled promote"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "promote"
    summary: ClassVar[str] = "Bring exactly what runs in one environment to a later one."
    examples: ClassVar[tuple[str, ...]] = (
        "/sled promote payments --from dev --to staging",
        "/sled promote shop-core --from staging --to prod --reason the new tariff",
    )

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups; together they are one act")
    from_: str | None = option(PLACE, "E", "the environment in which it runs now")
    to: str | None = option(PLACE, "E", "the environment that it goes to")
    reason: str | None = option(values.TEXT, "R", "why, for those who look later")


@dataclass(frozen=True, slots=True)
class Diff(Command):
    words: ClassVar[str] = "sled diff"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "diff"
    summary: ClassVar[str] = "Say what differs between what runs there and what runs elsewhere, or is the newest of merged main."
    examples: ClassVar[tuple[str, ...]] = ("/sled diff payments --in prod", "/sled diff shop-core --from dev --in prod")

    targets: tuple[TargetName, ...] | None = positionals(TARGET, "TARGET …", "services or deploy groups")
    in_: str | None = option(PLACE, "E", "the environment that is looked at")
    from_: str | None = option(PLACE, "E", "the one that it is compared with, instead of merged main")


SLED_MOVES: tuple[type[Command], ...] = (Rollback, Promote, Diff)

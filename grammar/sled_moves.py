"""The commands that move what was built already: back to what ran before. commands.lark is how they are written."""

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


SLED_MOVES: tuple[type[Command], ...] = (Rollback,)

"""The commands about betas: an unmerged request's artifact in a shared environment for a while. commands.lark is how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grammar import values
from grammar.command import Command, Product, option, positionals
from grammar.targets import ARTIFACT_TARGET, PLACE, TARGET, TargetName


@dataclass(frozen=True, slots=True)
class Beta(Command):
    words: ClassVar[str] = "sled beta"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "beta"
    summary: ClassVar[str] = "Bring what was built of an unmerged request to a shared environment, until it is merged, closed or released."
    examples: ClassVar[tuple[str, ...]] = ("/sled beta", "/sled beta payments --to dev", "/sled beta payments@!12 --to dev")

    targets: tuple[TargetName, ...] | None = positionals(
        ARTIFACT_TARGET, "SERVICE[@!12] …", "services; in a merge request all that was built of it when none is named"
    )
    to: str | None = option(PLACE, "E", "the environment; else the first that takes what is not merged")
    reason: str | None = option(values.TEXT, "R", "why, for those who look later")


@dataclass(frozen=True, slots=True)
class Release(Command):
    words: ClassVar[str] = "sled release"
    product: ClassVar[Product] = Product.SLED
    verb: ClassVar[str] = "release"
    summary: ClassVar[str] = "End betas: main's newest, or what ran there before, comes back."
    examples: ClassVar[tuple[str, ...]] = ("/sled release", "/sled release payments", "/sled release payments --in dev")

    targets: tuple[TargetName, ...] | None = positionals(
        TARGET, "SERVICE …", "services or deploy groups; in a merge request all its betas when none is named"
    )
    in_: str | None = option(PLACE, "E", "only in this environment")


SLED_BETAS: tuple[type[Command], ...] = (Beta, Release)

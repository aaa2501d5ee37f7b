"""What a command is: a frozen dataclass whose fields say what they take, so that parser, help and completion are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar

from grammar.values import ENVIRONMENT, Kind


class Product(StrEnum):
    IVY = "ivy"
    SLED = "sled"


@dataclass(frozen=True)
class Slot:
    """What a field of a command takes. `kind` None: a flag. `label` stands for the value in usage lines."""

    kind: Kind | None
    label: str
    summary: str
    is_positional: bool = False
    option_label: str | None = None  # None: it is no option
    is_many: bool = False  # takes all the words that stand there

    @property
    def is_option(self) -> bool:
        return self.option_label is not None


def positional(kind: Kind, label: str, summary: str, option_label: str | None = None) -> Any:
    return field(default=None, metadata={"slot": Slot(kind, label, summary, is_positional=True, option_label=option_label)})


def positionals(kind: Kind, label: str, summary: str) -> Any:
    """All the words before the options, in one field."""
    return field(default=None, metadata={"slot": Slot(kind, label, summary, is_positional=True, is_many=True)})


def option(kind: Kind, label: str, summary: str) -> Any:
    return field(default=None, metadata={"slot": Slot(kind, label, summary, option_label=label)})


def env_field() -> Any:
    return positional(ENVIRONMENT, "ENV", "its slug, `#12`, `!12` or `PROJECT#12`; may be left out in its merge request or thread")


def flag(summary: str) -> Any:
    return field(default=False, metadata={"slot": Slot(None, "", summary, option_label="")})


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was understood. `words` names it everywhere: in JSON, handlers, events."""

    words: ClassVar[str]
    product: ClassVar[Product] = Product.IVY
    verb: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = ()  # fields of which only one may be said

    @classmethod
    @cache
    def slots(cls) -> Mapping[str, Slot]:
        return MappingProxyType({each.name: each.metadata["slot"] for each in fields(cls)})

    @classmethod
    @cache
    def options(cls) -> Mapping[str, str]:
        """Give `--option` → field."""
        return MappingProxyType({option_of(name): name for name, slot in cls.slots().items() if slot.is_option})

    @classmethod
    @cache
    def positionals(cls) -> tuple[str, ...]:
        return tuple(name for name, slot in cls.slots().items() if slot.is_positional)


def option_of(name: str) -> str:
    """How a field is said; one whose name is a word of Python's own bears a `_` at its end."""
    return "--" + name.rstrip("_").replace("_", "-")

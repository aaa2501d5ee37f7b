"""Commands that look at environments and change nothing."""
# ruff: noqa: RUF009 - the functions that make fields give dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grammar import values
from grammar.command import Command, env_field, flag, option, positional
from grammar.values import EnvironmentName


@dataclass(frozen=True, slots=True)
class Status(Command):
    words: ClassVar[str] = "ivy status"
    verb: ClassVar[str] = "status"
    summary: ClassVar[str] = "Say how it is, where it answers and when it goes."
    examples: ClassVar[tuple[str, ...]] = ("/ivy status", "/ivy status #12")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class List(Command):
    words: ClassVar[str] = "ivy list"
    verb: ClassVar[str] = "list"
    summary: ClassVar[str] = "List environments."
    examples: ClassVar[tuple[str, ...]] = ("/ivy list", "/ivy list --mine", "/ivy list --expiring")
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = (("mine", "all", "expiring"),)

    mine: bool = flag("those you own")
    all: bool = flag("those of all projects")
    expiring: bool = flag("those that go soon")


@dataclass(frozen=True, slots=True)
class Logs(Command):
    words: ClassVar[str] = "ivy logs"
    verb: ClassVar[str] = "logs"
    summary: ClassVar[str] = "Show the last lines its services wrote."
    examples: ClassVar[tuple[str, ...]] = ("/ivy logs", "/ivy logs --service web --tail 100", "/ivy logs demo-x7k2qa web")

    env: EnvironmentName | None = env_field()
    service: str | None = positional(values.SERVICE, "SERVICE", "only this one", option_label="S")
    tail: int | None = option(values.TAIL, "N", "how many lines")


@dataclass(frozen=True, slots=True)
class Url(Command):
    words: ClassVar[str] = "ivy url"
    verb: ClassVar[str] = "url"
    summary: ClassVar[str] = "Say where it answers."
    examples: ClassVar[tuple[str, ...]] = ("/ivy url", "/ivy url shop#12")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Why(Command):
    words: ClassVar[str] = "ivy why"
    verb: ClassVar[str] = "why"
    summary: ClassVar[str] = "Tell who or what did what to it, and by which rule."
    examples: ClassVar[tuple[str, ...]] = ("/ivy why", "/ivy why demo-x7k2qa")

    env: EnvironmentName | None = env_field()


LOOKS: tuple[type[Command], ...] = (Status, List, Logs, Url, Why)

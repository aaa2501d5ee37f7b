"""The commands about how long an environment lives, whose it is and what it costs. commands.lark is how they are written."""
# ruff: noqa: RUF009 - the functions that make fields give dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grammar import values
from grammar.command import Command, Product, env_field, flag, option, positional
from grammar.values import EnvironmentName


@dataclass(frozen=True, slots=True)
class Keep(Command):
    words: ClassVar[str] = "ivy keep"
    verb: ClassVar[str] = "keep"
    summary: ClassVar[str] = "Let it stay much longer: neither its time nor its quiet ends it. You may keep a few."
    examples: ClassVar[tuple[str, ...]] = ("/ivy keep", "/ivy keep demo-x7k2qa")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Unkeep(Command):
    words: ClassVar[str] = "ivy unkeep"
    verb: ClassVar[str] = "unkeep"
    summary: ClassVar[str] = "Let it go in its time, like any other."
    examples: ClassVar[tuple[str, ...]] = ("/ivy unkeep", "/ivy unkeep demo-x7k2qa")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Pause(Command):
    words: ClassVar[str] = "ivy pause"
    verb: ClassVar[str] = "pause"
    summary: ClassVar[str] = "Stop its services and keep the rest, so that it costs less."
    examples: ClassVar[tuple[str, ...]] = ("/ivy pause", "/ivy pause #12")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Resume(Command):
    words: ClassVar[str] = "ivy resume"
    verb: ClassVar[str] = "resume"
    summary: ClassVar[str] = "Start again what is paused, or have what is halted at its drawdown trade again."
    examples: ClassVar[tuple[str, ...]] = ("/ivy resume", "/ivy resume #12")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Transfer(Command):
    words: ClassVar[str] = "ivy transfer"
    verb: ClassVar[str] = "transfer"
    summary: ClassVar[str] = "Give it to somebody else: the warnings and the quota with it."
    examples: ClassVar[tuple[str, ...]] = ("/ivy transfer @grace", "/ivy transfer demo-x7k2qa @grace")

    env: EnvironmentName | None = env_field()
    person: str | None = positional(values.PERSON, "@PERSON", "who shall own it, as they are called here")


@dataclass(frozen=True, slots=True)
class Restore(Command):
    words: ClassVar[str] = "ivy restore"
    verb: ClassVar[str] = "restore"
    summary: ClassVar[str] = "Have again what is gone, at the same address, while that is not long ago."
    examples: ClassVar[tuple[str, ...]] = ("/ivy restore", "/ivy restore demo-x7k2qa")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class History(Command):
    words: ClassVar[str] = "ivy history"
    verb: ClassVar[str] = "history"
    summary: ClassVar[str] = "Show the environments there were for this branch: when, whose, what they cost and why they went."
    examples: ClassVar[tuple[str, ...]] = ("/ivy history", "/ivy history demo-x7k2qa")

    env: EnvironmentName | None = env_field()


@dataclass(frozen=True, slots=True)
class Cost(Command):
    words: ClassVar[str] = "ivy cost"
    verb: ClassVar[str] = "cost"
    summary: ClassVar[str] = "Say what it has cost so far, and what it will until it goes."
    examples: ClassVar[tuple[str, ...]] = ("/ivy cost", "/ivy cost --mine", "/ivy cost --team all")
    conflicts: ClassVar[tuple[tuple[str, ...], ...]] = (("env", "mine", "team"),)

    env: EnvironmentName | None = env_field()
    mine: bool = flag("all that you own")
    team: str | None = option(values.TEAM, "TEAM", "this month by project and person: of a group, a project, or `all`")


@dataclass(frozen=True, slots=True)
class Approve(Command):
    words: ClassVar[str] = "ivy approve"
    verb: ClassVar[str] = "approve"
    summary: ClassVar[str] = "Say yes to what somebody else asked for."
    examples: ClassVar[tuple[str, ...]] = ("/ivy approve", "/ivy approve k4m2xq7d --comment until the demo")

    id: str | None = positional(values.APPROVAL, "ID", "which request; may be left out where only one waits in this thread")
    comment: str | None = option(values.TEXT, "C", "why, for those who look later")


@dataclass(frozen=True, slots=True)
class Reject(Command):
    words: ClassVar[str] = "ivy reject"
    verb: ClassVar[str] = "reject"
    summary: ClassVar[str] = "Say no to what somebody else asked for."
    examples: ClassVar[tuple[str, ...]] = ("/ivy reject", "/ivy reject k4m2xq7d --comment use the staging one")

    id: str | None = positional(values.APPROVAL, "ID", "which request; may be left out where only one waits in this thread")
    comment: str | None = option(values.TEXT, "C", "why, for those who look later")


@dataclass(frozen=True, slots=True)
class SledApprove(Approve):
    words: ClassVar[str] = "sled approve"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled approve", "/sled approve k4m2xq7d --comment after the fair")


@dataclass(frozen=True, slots=True)
class SledReject(Reject):
    words: ClassVar[str] = "sled reject"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled reject", "/sled reject k4m2xq7d --comment not before monday")


LIFETIME: tuple[type[Command], ...] = (Keep, Unkeep, Pause, Resume, Transfer, Restore, History, Cost, Approve, Reject)
SLED_APPROVALS: tuple[type[Command], ...] = (SledApprove, SledReject)

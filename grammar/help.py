"""The manual, made from the commands: how each is written, what it does, examples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from grammar.commands import COMMANDS, Command, Slot, option_of


@dataclass(frozen=True)
class Word:
    """An argument or option: how it is written, what it is."""

    usage: str
    summary: str


@dataclass(frozen=True)
class Manual:
    """One command's page. `usage` and `examples` begin with the prefix."""

    words: str
    usage: str
    summary: str
    arguments: tuple[Word, ...]
    options: tuple[Word, ...]
    examples: tuple[str, ...]
    aliases: tuple[str, ...]


@cache
def manual() -> tuple[Manual, ...]:
    """All pages, in the order of the commands."""
    return tuple(page(command) for command in COMMANDS)


def page(command: type[Command]) -> Manual:
    slots = command.slots()
    return Manual(
        words=command.words,
        usage=usage(command),
        summary=command.summary,
        arguments=tuple(Word(slots[name].label, slots[name].summary) for name in command.positionals()),
        options=tuple(Word(_option(name, slot), slot.summary) for name, slot in slots.items() if slot.is_option),
        examples=command.examples,
        aliases=tuple(f"/{command.product} {alias}" for alias in command.aliases),
    )


def usage(command: type[Command]) -> str:
    """`/ivy create [BRANCH] [--project P] …`."""
    slots = command.slots()
    parts = [f"/{command.words}", *(f"[{slots[name].label}]" for name in command.positionals())]
    alternatives = next((group for group in command.conflicts if all(slots[name].kind is None for name in group)), ())
    if alternatives:
        parts.append("[" + "|".join(option_of(name) for name in alternatives) + "]")
    parts += [f"[{_option(name, slot)}]" for name, slot in slots.items() if slot.is_option and name not in alternatives]
    return " ".join([*parts, "[-- TILT ARGS]"] if "tilt_args" in slots else parts)


def _option(name: str, slot: Slot) -> str:
    return f"{option_of(name)} {slot.option_label}".rstrip()

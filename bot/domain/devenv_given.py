"""What services of a trading environment are given, and nobody says otherwise in a file: its limits, its feed, its key, its place."""

from __future__ import annotations

import re

from bot.domain.devenv_nodes import at
from bot.domain.service_config import Problems
from bot.domain.trading import Trading
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence, shown

_GIVEN = re.compile(r"TRADING(?:_KEY)?|(?:FEED|TRELLIS)_[A-Z0-9_]*")
_SET = re.compile(rf"(?<![\w${{-])({_GIVEN.pattern})=")


def refuse_given(fields: dict[str, Node], problems: Problems) -> None:
    """In `env` of services and of profiles, and where a command sets one before it runs."""
    for part in ("services", "profiles"):
        for _, inside in _entries(fields.get(part)):
            for key, node in _entries(inside):
                if key.text == "env":
                    _refuse_names(node, problems)
                elif part == "services" and key.text in {"run", "build"}:
                    _refuse_set(key.text, node, problems)


def refuse_lifetimes(fields: dict[str, Node], trading: Trading, problems: Problems) -> None:
    """A `ttl` beside the profile's `ttl_hours`, or in one of the file's profiles."""
    said = [fields["ttl"]] if "ttl" in fields else []
    said += [node for _, inside in _entries(fields.get("profiles")) for key, node in _entries(inside) if key.text == "ttl"]
    for node in said:
        problems.add(at(node), "said_twice", "a trading environment lives for ttl_hours", f"ttl_hours: {trading.ttl_hours:g}")


def _refuse_names(env: Node, problems: Problems) -> None:
    for name, _ in _entries(env):
        if _GIVEN.fullmatch(name.text):
            message = f"{shown(name.text)} is Trellis's to give in a trading environment: leave it out, or name yours otherwise"
            problems.add(at(name), "reserved_name", message, "risk_config" if name.text == "TRADING" else f"MY_{shown(name.text)}")


def _refuse_set(what: str, node: Node, problems: Problems) -> None:
    for part in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(part, Scalar) and (found := _SET.search(part.text)):
            message = f'"{what}" sets {shown(found[1])}, which is Trellis\'s to give in a trading environment: leave that out'
            problems.add(at(part), "reserved_name", message)


def _entries(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.entries if isinstance(node, Mapping) else ()

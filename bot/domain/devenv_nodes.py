"""What all parts of `.dev-env.yaml` are read with: known keys and the nearest one, variables."""

from __future__ import annotations

import re
from difflib import get_close_matches

from bot.domain.service_config import MAX_LINE, Problems
from bot.domain.yaml_nodes import Mapping, Node, Scalar, Sequence, shown

MAX_VARIABLES = 100
_MEANT = {
    "command": "run",
    "cmd": "run",
    "start": "run",
    "environment": "env",
    "healthcheck": "health",
    "ports": "port",
    "expose": "port",
    "lifetime": "ttl",
    "expires": "ttl",
    "args": "tilt_args",
    "tilt": "tilt_args",
    **dict.fromkeys(("future", "futures", "perp", "perps", "swap", "linear"), "perpetual"),
    **dict.fromkeys(("prod", "real", "live_data"), "production"),
    **dict.fromkeys(("testnet", "demo", "test"), "sandbox"),
}
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def at(node: Node) -> tuple[int, int]:
    return node.line, node.column


def text_of(node: Node) -> str:
    """What was written, where it is a text; else ""."""
    return node.text if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def shown_of(node: Node) -> str:
    return shown(node.text) if isinstance(node, Scalar) else "a list" if isinstance(node, Sequence) else "a mapping"


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The known word that was meant, or ""."""
    folded = word[:40].lower().strip().replace("-", "_")
    meant = _MEANT.get(folded, "")
    return meant if meant in known else next(iter(get_close_matches(folded, known, 1, 0.6)), "")


def fields_of(node: Node, what: str, known: tuple[str, ...], problems: Problems, better: str) -> dict[str, Node] | None:
    """The entries of a mapping whose keys are known; None when it is no mapping (`better` is what to write then)."""
    if not isinstance(node, Mapping):
        problems.add(at(node), "wrong_type", f"{what} is a mapping with the keys {', '.join(known)}", better)
        return None
    for key, _ in node.entries:
        if key.text not in known and not problems.is_full:
            near = nearest(key.text, known)
            others = "" if near else f": there are {', '.join(known)}"
            problems.add(at(key), "unknown_key", f'there is no key "{shown(key.text)}" here{others}', near)
    return {key.text: value for key, value in node.entries if key.text in known}


def variables(node: Node, problems: Problems) -> tuple[tuple[str, str], ...]:
    if isinstance(node, Scalar) and node.value is None:
        return ()
    if not isinstance(node, Mapping):
        problems.add(at(node), "wrong_type", '"env" is a mapping of names to values', 'env: {DEBUG: "1"}')
        return ()
    if len(node.entries) > MAX_VARIABLES:
        problems.add(at(node.entries[MAX_VARIABLES][0]), "too_many", f"there are too many variables: {MAX_VARIABLES} at most")
        return ()
    return tuple(_variable(key, value, problems) for key, value in node.entries)


def _variable(key: Scalar, node: Node, problems: Problems) -> tuple[str, str]:
    """Numbers and truth values stay as they were written: `1.10` is "1.10"."""
    name = key.text
    if not _VARIABLE.fullmatch(name) or len(name) > 100:
        near = re.sub(r"[^A-Z0-9]+", "_", name[:60].upper()).lstrip("0123456789")
        message = f'"{shown(name)}" cannot be a variable\'s name: upper-case letters, digits and _, no digit first'
        problems.add(at(key), "bad_name", message, near)
    if name == "PORT":
        problems.add(at(key), "reserved_name", "PORT is given to the service: leave it out")
    if not isinstance(node, Scalar) or node.value is None:
        problems.add(at(node), "wrong_type", f'the value of "{shown(name)}" is a text, a number, true or false', f'{shown(name)}: ""')
        return name, ""
    if len(node.text.encode("utf-8", "replace")) > MAX_LINE:
        problems.add(at(node), "too_big", f'the value of "{shown(name)}" is too long: {MAX_LINE} bytes at most')
    elif "\0" in node.text or any("\ud800" <= character <= "\udfff" for character in node.text):
        problems.add(at(node), "not_text", f'the value of "{shown(name)}" holds a character that no variable can')
    return name, node.text

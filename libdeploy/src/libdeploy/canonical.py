"""One form for each value, and its digest: the same value is the same bytes everywhere and always."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from libdeploy.errors import DeployError


def plain(value: Any, at: str = "") -> Any:
    """The same value made of dict, list, str, int, bool and None only.

    Raises DeployError `not_plain` for what has no single form in JSON: floats, keys that are no text, sets, anything else.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value, at)
    if isinstance(value, Mapping):
        return {_key(key, at): plain(each, f"{at}.{key}" if at else str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, f"{at}[{index}]") for index, each in enumerate(value)]
    raise DeployError(f"{at or 'The value'} is {_named(value)}", "not_plain")


def _named(value: Any) -> str:
    if isinstance(value, float):
        return f"the number {value!r}, which is not the same text everywhere: write it as text, like '{value!r}'."
    if isinstance(value, set | frozenset):
        return "a set, which has no order: make it sorted(…)."
    return f"of type {type(value).__name__}, which a plan cannot hold: text, whole numbers, true, false, lists and mappings can be."


def _text(value: str, at: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DeployError(f"{at or 'The text'} has half a character in it.", "not_plain") from None
    return value


def _key(key: object, at: str) -> str:
    if not isinstance(key, str):
        raise DeployError(f"{at or 'The mapping'} has the key {key!r}, which is no text.", "not_plain")
    return _text(key, at)


def canonical(value: Any) -> bytes:
    """JSON in UTF-8 with sorted keys and no spaces. Raises DeployError `not_plain`."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """The SHA-256 of the canonical form: 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()

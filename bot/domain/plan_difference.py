"""What differs between two plans, as libdeploy writes them: the bytes that were made real in two places."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = "-"
_LONGEST = 60


@dataclass(frozen=True)
class Difference:
    """One field of one thing, as text; ABSENT where it is not there. `field` "": the thing itself is only in one of them."""

    thing: str
    field: str
    one: str
    other: str


def differences(one: bytes, other: bytes) -> list[Difference]:
    """Field by field, in order of their names."""
    first, second = _items(one), _items(other)
    found: list[Difference] = []
    for thing in sorted(first.keys() | second.keys()):
        if thing not in first or thing not in second:
            found.append(Difference(thing, "", "there" if thing in first else ABSENT, "there" if thing in second else ABSENT))
            continue
        left, right = dict(_leaves("", first[thing])), dict(_leaves("", second[thing]))
        fields = (each for each in sorted(left.keys() | right.keys()) if left.get(each) != right.get(each))
        found += [Difference(thing, each, _cut(left.get(each, ABSENT)), _cut(right.get(each, ABSENT))) for each in fields]
    return found


def _items(plan: bytes) -> Mapping[str, Any]:
    return {f"{each['driver']} {each['key']}": each["body"] for each in json.loads(plan)["items"]}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every value that holds no others, by the way that leads to it. What is empty is as good as not there."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(f"{path}[{place}]", inner)
    else:
        yield path, value if isinstance(value, str) and not _is_json(value) else json.dumps(value)


def _is_json(text: str) -> bool:
    """Whether it would look like a value of another type."""
    try:
        json.loads(text)
    except ValueError:
        return text == ABSENT
    return True


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

"""Who owns which field: sets of paths, and how an applied object is merged into the one that is there.

A path is a tuple of steps: a name, or `Key` for an item of a list whose items are merged.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.fakes.kubernetes.kinds import ATOMIC, list_keys


@dataclass(frozen=True)
class Key:
    """An item by the values of its keys."""

    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return "[" + ",".join(f"{name}={json.dumps(value)}" for name, value in self.values) + "]"


Step: TypeAlias = str | Key
Path: TypeAlias = tuple[Step, ...]

_UNOWNED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("metadata", "managedFields"), ("status",)}
_UNOWNED |= {("metadata", name) for name in ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")}
_DEFAULTS = {"protocol": "TCP"}
_ABSENT = object()


def names(path: Path) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))


def shown(path: Path) -> str:
    return "".join(f".{step}" if isinstance(step, str) else str(step) for step in path)


def key_of(item: Any, keys: tuple[str, ...]) -> Key:
    return Key(tuple((each, item.get(each, _DEFAULTS.get(each))) for each in keys))


def _is_map(path: Path, value: Any) -> bool:
    return isinstance(value, dict) and not (path and path[-1] in ATOMIC)


def _keys(path: Path, value: Any) -> tuple[str, ...]:
    return list_keys(names(path)) if isinstance(value, list) else ()


def owned_by_saying(value: Any, path: Path = ()) -> set[Path]:
    """The paths that whoever applies this owns."""
    if path in _UNOWNED:
        return set()
    if _is_map(path, value) and value:
        return {found for name, each in value.items() for found in owned_by_saying(each, (*path, name))}
    if keys := _keys(path, value):
        found = set()
        for item in value:
            at = (*path, key_of(item, keys))
            found |= {at} | {each for name, inner in item.items() for each in owned_by_saying(inner, (*at, name))}
        return found
    return {path} if path else set()


def at(body: Any, path: Path) -> Any:
    """The value there; a value of its own when there is none."""
    for index, step in enumerate(path):
        if isinstance(step, str):
            body = body.get(step, _ABSENT) if isinstance(body, dict) else _ABSENT
        else:
            keys = list_keys(names(path[:index]))
            body = next((each for each in body if key_of(each, keys) == step), _ABSENT) if isinstance(body, list) else _ABSENT
        if body is _ABSENT:
            return _ABSENT
    return body


def differs(one: Any, other: Any, path: Path) -> bool:
    """Whether they say other things there; of an item of a list: whether only one has it."""
    here, there = at(one, path), at(other, path)
    if path and isinstance(path[-1], Key):
        return (here is _ABSENT) != (there is _ABSENT)
    return here is not there and here != there


def merged(live: Any, applied: Any, path: Path = ()) -> Any:
    if _is_map(path, applied) and isinstance(live, dict):
        return {
            **live,
            **{name: merged(live[name], each, (*path, name)) if name in live else copy.deepcopy(each) for name, each in applied.items()},
        }
    keys = _keys(path, applied)
    if keys and isinstance(live, list):
        before = {key_of(each, keys): each for each in live}
        wanted = {key_of(each, keys): each for each in applied}
        ours = [merged(before[key], each, (*path, key)) if key in before else copy.deepcopy(each) for key, each in wanted.items()]
        return [*ours, *(each for key, each in before.items() if key not in wanted)]
    return copy.deepcopy(applied)


def without(body: Any, gone: set[Path], kept: set[Path]) -> Any:
    """`body` less the paths that are gone; an item of a list stays while somebody owns something in it."""
    result = copy.deepcopy(body)
    for path in sorted(gone, key=len):
        if any(each[: len(path)] == path for each in kept) or _is_key(path):
            continue
        holder = at(result, path[:-1])
        last = path[-1]
        if isinstance(holder, dict) and isinstance(last, str):
            holder.pop(last, None)
            _drop_empty(result, path[:-1])
        elif isinstance(holder, list) and isinstance(last, Key):
            holder[:] = [each for each in holder if key_of(each, list_keys(names(path[:-1]))) != last]
            _drop_empty(result, path[:-1])
    return result


def _is_key(path: Path) -> bool:
    """It goes with its item."""
    return len(path) > 1 and isinstance(path[-2], Key) and path[-1] in dict(path[-2].values)


def _drop_empty(body: Any, path: Path) -> None:
    while path and isinstance(path[-1], str) and at(body, path) in ({}, []):
        at(body, path[:-1]).pop(path[-1])
        path = path[:-1]


def fields_v1(paths: set[Path]) -> dict[str, Any]:
    """As `managedFields` shows them."""
    tree: dict[str, Any] = {}
    for path in sorted(paths, key=shown):
        node = tree
        for step in path:
            name = f"f:{step}" if isinstance(step, str) else "k:" + json.dumps(dict(step.values), separators=(",", ":"))
            node = node.setdefault(name, {})
        if isinstance(path[-1], Key):
            node["."] = {}
    return tree

"""What differs between what is there and what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from libdeploy.item import Item
from libdeploy.live import Live, settled

ABSENT = "∅"
"""Stands for a field that is not there."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True)
class FieldChange:
    """`before` and `after` are plain JSON, or ABSENT."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    action: Action
    driver: str
    key: str
    fields: tuple[FieldChange, ...] = ()


def changes_between(items: Iterable[Item], live: Live) -> tuple[Change, ...]:
    """One for each item, in order, then one for each thing that is there and no longer wanted, the last one first.

    What is there may have more fields than were wanted: whoever keeps it fills in its own defaults.
    """
    wanted = list(items)
    names = {item.name for item in wanted}
    found = [_change_of(item, live.things.get(item.name)) for item in wanted]
    gone = [Change(Action.REMOVE, *name) for name in sorted(live.things, reverse=True) if name not in names]
    return (*found, *gone)


def is_half_made(items: Iterable[Item], before: Live, now: Live) -> bool:
    """Whether each thing is as it was before or already as it is wanted: then what is left of these items can be done."""
    wanted = {item.name: item for item in items}
    return all(
        _settled(before, name) == _settled(now, name) or _is_made(wanted.get(name), _settled(now, name))
        for name in before.things.keys() | now.things.keys()
    )


def _settled(live: Live, name: tuple[str, str]) -> dict[str, Any] | None:
    return settled(live.things[name]) if name in live.things else None


def _is_made(item: Item | None, body: Mapping[str, Any] | None) -> bool:
    if item is None or body is None:
        return item is None and body is None
    return not any(_differences("", body, settled(item.body)))


def _change_of(item: Item, body: Mapping[str, Any] | None) -> Change:
    if body is None:
        return Change(Action.CREATE, *item.name)
    fields = tuple(_differences("", body, item.body))
    return Change(Action.UPDATE if fields else Action.KEEP, *item.name, fields)


def _differences(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in sorted(after.items()):
            yield from _differences(f"{path}.{key}" if path else key, before.get(key, ABSENT), value)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
    elif not _is_same(before, after):
        yield FieldChange(path, before, after)


def _is_same(before: Any, after: Any) -> bool:
    """An empty one is as good as none; 1 is not true."""
    if before == ABSENT:
        return after in ({}, [], None)
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)

"""What of a schema's values callers can no longer send, or no longer rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from deploy.contracts.broken import Unreadable
from deploy.contracts.openapi.document import Document
from deploy.contracts.openapi.shapes import LOWER, OPAQUE, UPPER, Shape, is_in, shapes_of
from deploy.contracts.openapi.table import Table

MOST_COMPARED = 50_000


class Way(StrEnum):
    """Who makes the values: SENT by callers, READ by callers."""

    SENT = "sent"
    READ = "read"


@dataclass(frozen=True)
class Difference:
    """`path` is inside the schema, like `[].name`; lines and columns are of the new document."""

    line: int
    column: int
    path: str
    words: str
    rule: str

    def below(self, name: str) -> Difference:
        joined = f"{name}{self.path}" if self.path.startswith("[") or not self.path else f"{name}.{self.path}"
        return replace(self, path=joined)


class Schemas:
    """Two documents' schemas, each pair compared once."""

    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after
        self._known: dict[tuple[int, int, Way], list[Difference]] = {}
        self._kept: list[Any] = []
        self._left = MOST_COMPARED

    def differences(self, old: Any, new: Any, way: Way) -> list[Difference]:
        """None for the same pair while it is compared: what refers to itself is as good as what else there is of it."""
        key = (id(self._before.resolved(old)), id(self._after.resolved(new)), way)
        has_siblings = any(isinstance(each, Table) and "$ref" in each and len(each) > 1 for each in (old, new))
        if has_siblings:
            key = (id(old), id(new), way)
        if key not in self._known:
            self._left -= 1
            if self._left < 0:
                raise Unreadable(self._after.file, 0, 0, f"There are more than {MOST_COMPARED} schemas to compare.")
            self._kept += [old, new]  # what is made on the way must not lend its id to another
            self._known[key] = []
            self._known[key] = self._compared(shapes_of(self._before, old), shapes_of(self._after, new), way, self._at(new))
        return self._known[key]

    def _at(self, new: Any) -> tuple[int, int]:
        if isinstance(new, Table):
            return new.line, new.column
        return 0, 0

    def _compared(self, old: list[Shape], new: list[Shape], way: Way, at: tuple[int, int]) -> list[Difference]:
        if len(old) == len(new) == 1:
            return list(self._between(old[0], new[0], way))
        fitting = (old, new) if way is Way.SENT else (new, old)
        found: list[Difference] = []
        for index, one in enumerate(fitting[0]):
            if not any(self._fits(one, other, way) for other in fitting[1]):
                found += self._alternative(old, new, index, way, at)
        return found

    def _fits(self, one: Shape, other: Shape, way: Way) -> bool:
        pair = (one, other) if way is Way.SENT else (other, one)
        return next(self._between(*pair, way), None) is None

    def _alternative(self, old: list[Shape], new: list[Shape], index: int, way: Way, at: tuple[int, int]) -> list[Difference]:
        """As many as before: then what has become of the one in its place."""
        if len(old) == len(new):
            return list(self._between(old[index], new[index], way))
        place = new[index].place if way is Way.READ else Table(*at)
        number = f"the alternative {index + 1} of {len(new if way is Way.READ else old)}"
        words = f"{number} is no longer taken from callers who send it" if way is Way.SENT else f"{number} is new to callers who read it"
        return [Difference(place.line, place.column, "", words, "alternative")]

    def _between(self, old: Shape, new: Shape, way: Way) -> Iterator[Difference]:
        if types := _types(old, new, way):
            yield types
            return
        yield from _values(old, new) if way is Way.SENT else ()
        yield from _rules(old, new, way)
        yield from self._required(old, new, way)
        yield from self._properties(old, new, way)
        if old.items is not None and new.items is not None:
            yield from (each.below("[]") for each in self.differences(old.items, new.items, way))

    def _required(self, old: Shape, new: Shape, way: Way) -> Iterator[Difference]:
        if way is Way.READ:
            for name in sorted((old.required - new.required) & old.properties.keys() & new.properties.keys()):
                if not self._after.table(new.properties[name]).get("writeOnly"):
                    yield _difference(new, "properties", name, "can be missing now, for callers who read it", "response_field_optional")
            return
        for name in sorted(new.required - old.required):
            if not self._after.table(new.properties.get(name)).get("readOnly"):
                words = (
                    "has to be sent now, and callers do not" if name in old.properties else "is new and has to be sent, and callers do not"
                )
                yield _difference(new, "required" if name not in new.properties else "properties", name, words, "request_field_required")

    def _properties(self, old: Shape, new: Shape, way: Way) -> Iterator[Difference]:
        ignored = "readOnly" if way is Way.SENT else "writeOnly"
        for name, schema in old.properties.items():
            if self._before.table(schema).get(ignored):
                continue
            if name in new.properties:
                yield from (each.below(name) for each in self.differences(schema, new.properties[name], way))
            elif way is Way.READ:
                yield _difference(new, "properties", name, "is gone for callers who read it", "response_field_removed")
            elif new.additional is False:
                yield _difference(new, "properties", name, "is refused now when callers send it", "request_field_refused")
        yield from self._additional(old, new, way)

    def _additional(self, old: Shape, new: Shape, way: Way) -> Iterator[Difference]:
        if isinstance(old.additional, Table) and isinstance(new.additional, Table):
            yield from (each.below("*") for each in self.differences(old.additional, new.additional, way))
        elif way is Way.SENT and new.additional is False and (old.additional is True or isinstance(old.additional, Table)):
            yield _difference(
                new, "additionalProperties", "*", "is refused now: callers may send only the fields named", "request_field_refused"
            )
        elif way is Way.READ and isinstance(old.additional, Table) and old.additional:
            yield _difference(new, "additionalProperties", "*", "is no longer described for callers who read it", "response_field_removed")


def _difference(new: Shape, key: str, path: str, words: str, rule: str) -> Difference:
    """At the property where it is there, else at what would hold it."""
    inner = new.place.get(key)
    line, column = inner.place(path) if isinstance(inner, Table) and path in inner.at else new.place.place(key)
    return Difference(line, column, path, words, rule)


def _types(old: Shape, new: Shape, way: Way) -> Difference | None:
    one, other = (old.types, new.types) if way is Way.SENT else (new.types, old.types)
    if other is None or (one is not None and all(each in other or (each == "integer" and "number" in other) for each in one)):
        return None
    words = f"was {_named(old.types)} and is {_named(new.types)}"
    words += ", and callers send what it was" if way is Way.SENT else ", and callers read what it was"
    return Difference(*new.place.place("type"), "", words, "request_type" if way is Way.SENT else "response_type")


def _named(types: frozenset[str] | None) -> str:
    return " or ".join(sorted(types)) or "nothing" if types is not None else "anything"


def _values(old: Shape, new: Shape) -> Iterator[Difference]:
    if new.enum is None:
        return
    place = new.place.place("enum")
    if old.enum is None:
        if old.types != frozenset({"boolean"}) or not all(is_in(each, new.enum) for each in (True, False)):
            yield Difference(*place, "", "takes only some values now, and callers may send others", "request_enum")
        return
    for value in old.enum:
        if not is_in(value, new.enum):
            yield Difference(*place, "", f"no longer takes {_short(value)} from callers who send it", "request_enum")


def _rules(old: Shape, new: Shape, way: Way) -> Iterator[Difference]:
    if _is_other_format(old, new, way):
        words = f"had the format {old.rules.get('format', 'of any kind')} and has {new.rules.get('format', 'any')}"
        yield Difference(
            *new.place.place("format"), "", f"{words}, for callers who {'send' if way is Way.SENT else 'read'} it", f"{way}_format"
        )
    if old.rules.get("discriminator") != new.rules.get("discriminator") and _told_by(old) != _told_by(new) and _told_by(old):
        words = "is told apart by another field, for callers who know the one before"
        yield Difference(*new.place.place("discriminator"), "", words, "discriminator")
    if way is Way.READ:
        return
    for name in (*UPPER, *LOWER, "pattern", "uniqueItems", "multipleOf", *OPAQUE):
        before, after = old.rules.get(name), new.rules.get(name)
        if name in new.rules and _is_narrower(name, before, after):
            words = f"has another {name} ({_short(before)} before, {_short(after)} now), and callers may send what it now refuses"
            yield Difference(*new.place.place(name), "", words, "request_narrowed")


def _told_by(shape: Shape) -> Any:
    said = shape.rules.get("discriminator")
    return said.get("propertyName") if isinstance(said, Table) else None


_WIDER = {("int32", "int64"), ("float", "double")}


def _is_other_format(old: Shape, new: Shape, way: Way) -> bool:
    """Callers who send bear with a format that goes; callers who read bear with one that comes."""
    before, after = old.rules.get("format"), new.rules.get("format")
    one, other = (before, after) if way is Way.SENT else (after, before)
    return other is not None and one != other and (one, other) not in _WIDER


def _is_narrower(name: str, before: Any, after: Any) -> bool:
    if name in UPPER:
        return before is None or (after[0], not after[1]) < (before[0], not before[1])
    if name in LOWER:
        floor = (0, False) if before is None and name != "minimum" else before
        return floor is None or (after[0], after[1]) > (floor[0], floor[1])
    if name == "uniqueItems":
        return after is True and before is not True
    if name == "multipleOf" and isinstance(before, int) and isinstance(after, int) and after:
        return before % after != 0
    return bool(before != after)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{'less or more than ' if value[1] else ''}{value[0]:g}"
    text = "none" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"

"""A schema as what it comes to: references followed, `allOf` joined, alternatives one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from deploy.contracts.broken import Unreadable
from deploy.contracts.openapi.document import Document
from deploy.contracts.openapi.table import Table

MOST_ALTERNATIVES = 64
_MOST_NESTED = 60

UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "minLength", "minItems", "minProperties")
OPAQUE = (
    "not", "if", "then", "else", "contains", "dependentRequired", "dependentSchemas", "patternProperties", "prefixItems", "propertyNames",
)  # fmt: skip
"""Keywords that are compared only as they stand."""

_Parts = list[Any]


@dataclass(frozen=True)
class Shape:
    """`types` and `enum` None: any. `place` is the table in which most of it is written."""

    place: Table
    types: frozenset[str] | None = None
    enum: tuple[Any, ...] | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Any = None
    additional: Any = None
    rules: dict[str, Any] = field(default_factory=dict)
    """`format`, `pattern`, bounds and what is compared only as it stands; a bound is the pair of a number and whether it is excluded."""

    @property
    def is_null(self) -> bool:
        return self.types == frozenset({"null"})


def shapes_of(document: Document, schema: Any) -> list[Shape]:
    """One, or one for each alternative. A null beside others is a type of each other. Raises Unreadable for what has no end."""
    shapes = [_joined(parts) for parts in _alternatives(document, schema, 0)]
    others = [each for each in shapes if not each.is_null]
    if not others or len(others) == len(shapes):
        return shapes
    return [_with_null(each) for each in others]


def _with_null(shape: Shape) -> Shape:
    return replace(
        shape,
        types=shape.types | {"null"} if shape.types is not None else None,
        enum=(*shape.enum, None) if shape.enum is not None and None not in shape.enum else shape.enum,
    )


def _alternatives(document: Document, schema: Any, depth: int) -> list[_Parts]:
    """For each alternative, the tables that hold together."""
    if depth > _MOST_NESTED:
        raise Unreadable(document.file, 0, 0, "A schema is made of itself without end.")
    table = document.resolved(schema)
    own: _Parts = [table]
    if table is not schema and document.has_siblings:
        own.append(_without_ref(schema))
    found: list[_Parts] = [own]
    for each in own:
        if isinstance(each, Table):
            for member in each.listed("allOf"):
                found = _crossed(document, found, _alternatives(document, member, depth + 1))
            for key in ("oneOf", "anyOf"):
                if choices := each.listed(key):
                    found = _crossed(document, found, [way for choice in choices for way in _alternatives(document, choice, depth + 1)])
    return found


def _without_ref(schema: Table) -> Table:
    beside = Table(schema.line, schema.column)
    beside.update({key: value for key, value in schema.items() if key != "$ref"})
    beside.at = schema.at
    return beside


def _crossed(document: Document, some: list[_Parts], others: list[_Parts]) -> list[_Parts]:
    if len(some) * len(others) > MOST_ALTERNATIVES:
        raise Unreadable(document.file, 0, 0, f"A schema has more than {MOST_ALTERNATIVES} alternatives.")
    return [one + other for one in some for other in others]


def _joined(parts: _Parts) -> Shape:
    tables = [each for each in parts if isinstance(each, Table)]
    place = max(tables, key=lambda each: (bool(each.keys() & {"properties", "enum", "items"}), "type" in each), default=Table())
    shape = Shape(place, types=frozenset() if any(each is False for each in parts) else None)
    for table in tables:
        shape = _and(shape, table)
    return shape


def _and(shape: Shape, table: Table) -> Shape:
    properties = dict(shape.properties)
    for name, schema in table.table("properties").items():
        properties[name] = _both(properties[name], schema) if name in properties else schema
    return replace(
        shape,
        types=_fewer_types(shape.types, _types(table)),
        enum=_fewer_values(shape.enum, _enum(table)),
        properties=properties,
        required=shape.required | {str(each) for each in table.listed("required")},
        items=table.get("items", shape.items),
        additional=table.get("additionalProperties", shape.additional),
        rules={**shape.rules, **_rules(table)},
    )


def _both(one: Any, other: Any) -> Any:
    if one == other:
        return one
    joined = Table(*((other.line, other.column) if isinstance(other, Table) else (0, 0)))
    joined["allOf"] = [one, other]
    return joined


def _types(table: Table) -> frozenset[str] | None:
    said = table.get("type")
    if isinstance(said, str):
        kinds = {said}
    elif isinstance(said, list):
        kinds = {str(each) for each in said}
    else:
        return None
    return frozenset(kinds | ({"null"} if table.get("nullable") is True else set()))


def _fewer_types(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    if some is None or others is None:
        return others if some is None else some
    whole = {"integer"} if ("integer" in some and "number" in others) or ("number" in some and "integer" in others) else set()
    return (some & others) | frozenset(whole)


def _enum(table: Table) -> tuple[Any, ...] | None:
    if "const" in table:
        return (table["const"],)
    return tuple(table.listed("enum")) if "enum" in table else None


def _fewer_values(some: tuple[Any, ...] | None, others: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if some is None or others is None:
        return others if some is None else some
    return tuple(each for each in some if is_in(each, others))


def is_in(value: Any, values: Iterable[Any]) -> bool:
    """JSON's equality: 1 is not true."""
    return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in values)


def _rules(table: Table) -> dict[str, Any]:
    kept = ("format", "pattern", "multipleOf", "uniqueItems", "discriminator", *OPAQUE)
    rules = {name: table[name] for name in kept if name in table}
    for name in (*UPPER, *LOWER):
        bound = _bound(table, name)
        if bound is not None:
            rules[name] = bound
    return rules


def _bound(table: Table, name: str) -> tuple[float, bool] | None:
    """Since 3.1 the excluded bound is a number of its own; before, it is a flag beside the bound."""
    exclusive = table.get(f"exclusive{name[0].upper()}{name[1:]}")
    if (number := _number(exclusive)) is not None:
        return number, True
    number = _number(table.get(name))
    return (number, exclusive is True) if number is not None else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value) else None

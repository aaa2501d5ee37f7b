"""One OpenAPI document as values that know their place. Nothing outside of it is ever read."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from deploy.contracts.broken import Unreadable
from deploy.contracts.openapi.json_text import NoJson, Reading
from deploy.contracts.openapi.table import Table

MOST_VALUES = 200_000
"""Values that aliases repeat are counted each time: https://en.wikipedia.org/wiki/Billion_laughs_attack."""
MOST_DEPTH = 150
_HOPS = 30
_VERSION = re.compile(r"3\.[01]\.\d+.*")
_TAG = "tag:yaml.org,2002:"


class Document:
    """Raises Unreadable for what is no OpenAPI 3.0 or 3.1, is too large, or refers to something outside of itself."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        root = _read(file, text)
        version = root.get("openapi")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise Unreadable(file, *root.place("openapi"), "This is no OpenAPI document of the version 3.0 or 3.1.")
        self.root = root
        self.has_siblings = not version.startswith("3.0")
        """Whether keywords beside a `$ref` count: since 3.1."""

    def resolved(self, value: Any) -> Any:
        """What a `$ref` refers to. Raises Unreadable for one that leads outside, nowhere or to itself."""
        for _ in range(_HOPS):
            if not isinstance(value, Table) or not isinstance(value.get("$ref"), str):
                return value
            value = self._found(value)
        raise Unreadable(self.file, value.line, value.column, "This $ref leads from one to the next without end.")

    def table(self, value: Any) -> Table:
        """The same where only a table has a meaning."""
        found = self.resolved(value)
        return found if isinstance(found, Table) else Table()

    def _found(self, value: Table) -> Any:
        ref, place = value["$ref"], value.place("$ref")
        if not ref.startswith("#"):
            raise Unreadable(self.file, *place, f"$ref: {ref!r} leads to another document. Bundle it into this one: nothing else is read.")
        at: Any = self.root
        for word in ref[1:].split("/")[1:]:
            name = unquote(word).replace("~1", "/").replace("~0", "~")
            if isinstance(at, list) and name.isascii() and name.isdecimal() and len(name) < 9 and int(name) < len(at):
                at = at[int(name)]
            elif isinstance(at, Table) and name in at:
                at = at[name]
            else:
                raise Unreadable(self.file, *place, f"$ref: {ref!r} leads nowhere.")
        return at


def _read(file: str, text: str) -> Table:
    """JSON that is not well-formed is read as YAML, which says what is wrong with it."""
    if text.lstrip().startswith("{"):
        with suppress(NoJson):
            table: Table = Reading(text, MOST_VALUES, MOST_DEPTH).value()
            return table
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or "a character that cannot be there")
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Unreadable(file, line, column, f"This is no YAML: {problem}.") from error
    except (RecursionError, ValueError, KeyError, AttributeError, TypeError, AssertionError) as error:
        raise Unreadable(file, 1, 1, f"This cannot be read as YAML: {type(error).__name__}.") from error
    if not isinstance(node, MappingNode):
        raise Unreadable(file, 1, 1, "This is no OpenAPI document: it is not a mapping.")
    found: Table = _Reading(file).value(node, 0)
    return found


class _Reading:
    def __init__(self, file: str) -> None:
        self._file = file
        self._left = MOST_VALUES

    def value(self, node: Node, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > MOST_DEPTH:
            problem = f"more than {MOST_VALUES} values" if self._left < 0 else f"more than {MOST_DEPTH} levels"
            raise Unreadable(self._file, *_place(node), f"This document has {problem}.")
        if isinstance(node, MappingNode):
            return self._table(node, depth)
        if isinstance(node, SequenceNode):
            return [self.value(each, depth + 1) for each in node.value]
        return _scalar(node)

    def _table(self, node: MappingNode, depth: int) -> Table:
        table = Table(*_place(node))
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag == f"{_TAG}merge":
                raise Unreadable(self._file, *_place(key), "A key is a word here; << is not read.")
            if key.value in table:
                raise Unreadable(self._file, *_place(key), f"{key.value!r} is here twice.")
            table[key.value] = self.value(value, depth + 1)
            table.at[key.value] = _place(key)
        return table


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: Node) -> Any:
    """Texts, whole numbers, numbers, true, false and null; whatever else a tag says is text."""
    text = str(node.value)
    kind = str(node.tag).removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in {"int", "float"} and len(text) < 100:
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
    return text

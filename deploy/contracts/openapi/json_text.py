"""JSON whose keys know their place: the YAML reader would take a minute for a great document."""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # CPython's own scanner of strings
from typing import Any

from deploy.contracts.openapi.table import Table

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null")
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 100


class NoJson(Exception):  # noqa: N818 - the other reader says what is wrong
    """It is something else, or more than it may be."""


class Reading:
    """One text. `value` may hold so many values and levels. Raises NoJson, also for a key that is there twice."""

    def __init__(self, text: str, most_values: int, most_depth: int) -> None:
        self._text = text
        self._left, self._most_depth = most_values, most_depth
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def value(self) -> Any:
        value, end = self._value(self._after_space(0), 0)
        if self._after_space(end) != len(self._text):
            raise NoJson("something stands after its end")
        return value

    def _after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        self._left -= 1
        if self._left < 0 or depth > self._most_depth:
            raise NoJson("too much")
        begin = self._text[at : at + 1]
        if begin == "{":
            return self._table(at, depth)
        if begin == "[":
            return self._list(at, depth)
        if begin == '"':
            return self._string(at)
        found = _WORD.match(self._text, at)
        if not found or len(found[0]) > _LONGEST_NUMBER:
            raise NoJson("no value")
        word = found[0]
        return _WORDS[word] if word in _WORDS else float(word) if found[1] or found[2] else int(word), found.end()

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1)
        except JSONDecodeError as error:
            raise NoJson("no string") from error
        return str(text), int(end)

    def _table(self, at: int, depth: int) -> tuple[Table, int]:
        table = Table(*self._place(at))
        at = self._after_space(at + 1)
        while self._text[at : at + 1] != "}":
            if self._text[at : at + 1] != '"':
                raise NoJson("no key")
            key, end = self._string(at)
            if key in table:
                raise NoJson("a key twice")
            table.at[key] = self._place(at)
            end = self._after_space(end)
            if self._text[end : end + 1] != ":":
                raise NoJson("no colon")
            table[key], end = self._value(self._after_space(end + 1), depth + 1)
            at = self._next(end, "}")
        return table, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        values = []
        at = self._after_space(at + 1)
        while self._text[at : at + 1] != "]":
            value, end = self._value(at, depth + 1)
            values.append(value)
            at = self._next(end, "]")
        return values, at + 1

    def _next(self, at: int, end: str) -> int:
        """Where the next one begins, or the end is."""
        at = self._after_space(at)
        if self._text[at : at + 1] == ",":
            at = self._after_space(at + 1)
            if self._text[at : at + 1] != end:
                return at
        elif self._text[at : at + 1] == end:
            return at
        raise NoJson("no comma")

"""A mapping whose keys know their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Table(dict[str, Any]):
    """A mapping. `line` and `column` count from 1; `at` are those of its keys."""

    def __init__(self, line: int = 0, column: int = 0) -> None:
        super().__init__()
        self.line, self.column = line, column
        self.at: dict[str, tuple[int, int]] = {}

    def place(self, key: str) -> tuple[int, int]:
        """Of a key; its own where the key is not there."""
        return self.at.get(key, (self.line, self.column))

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """What lies below a key, where it is a table of tables."""
        below = self.get(key)
        if isinstance(below, Table):
            yield from ((name, value) for name, value in below.items() if isinstance(value, Table))

    def table(self, key: str) -> Table:
        """What lies below a key, or an empty one at its place."""
        below = self.get(key)
        return below if isinstance(below, Table) else Table(*self.place(key))

    def listed(self, key: str) -> list[Any]:
        below = self.get(key)
        return below if isinstance(below, list) else []

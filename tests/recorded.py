"""What is recorded of a product's doings, for a judge: what was said, what is stored, what stands in threads, what runs and what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]


@dataclass(frozen=True)
class Saying:
    """A comment with commands, one a line. `id` is how the product calls the comment; `words` are product and verb of each line."""

    id: str
    thread: str
    words: tuple[str, ...]
    is_acknowledged: bool = True


@dataclass(frozen=True)
class Remark:
    """A comment on the forge at the end. `signs` are the bot's reactions to it."""

    id: str
    thread: str
    body: str
    is_the_bots: bool
    signs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FenceSeen:
    """A lease as it was seen at some moment; in the order of time."""

    name: str
    holder: str
    fence: int


@dataclass(frozen=True)
class Standing:
    """A settled moment: rows of live environments, what the keeper observed, what addresses answered.

    `answers`: slug → text; `heads`: ref → SHA; `texts`: SHA → what its service answers.
    """

    environments: tuple[Row, ...]
    observed: Mapping[str, Row]
    answers: Mapping[str, str]
    heads: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Left:
    """What is still there when all was taken down; `answers`: slug → HTTP status of its address."""

    observed: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    worktrees: tuple[str, ...] = ()
    answers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """`tables`: name → rows with JSON decoded. `keeper_fences`: environment → highest. `crashes`: parts that ended unasked."""

    said: tuple[Saying, ...]
    tables: Mapping[str, list[Row]]
    remarks: tuple[Remark, ...]
    standing: tuple[Standing, ...] = ()
    left: Left = Left()
    fences: tuple[FenceSeen, ...] = ()
    keeper_fences: Mapping[str, int] = field(default_factory=dict)
    crashes: tuple[str, ...] = ()
    ttl_s: float = 48 * 3600.0

    def rows(self, name: str) -> list[Row]:
        return self.tables.get(name, [])

    def events(self, environment: str, *kinds: str) -> list[Row]:
        return [row for row in self.rows("events") if row["environment_id"] == environment and row["kind"] in kinds]

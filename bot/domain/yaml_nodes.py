"""A small and strict reading of YAML 1.2: a text becomes nodes that know their place, or one `Unreadable`.

No anchors, aliases, merge keys, tags, directives, duplicate keys or second documents; plain scalars mean what the core
schema of YAML 1.2 says (https://yaml.org/spec/1.2.2/#103-core-schema), so `no` is a word and `010` is ten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import DocumentEndEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, StreamEndEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader, ReaderError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner

MAX_DEPTH = 8
MAX_TOKENS = 2400
"""800 lines of `key: value`; it keeps the worst file of 16 KiB under 50 ms."""

_HUGE = 10**30
_NULL = re.compile(r"(null|Null|NULL|~|)")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True)
class Scalar:
    """One value. `text` is what was written (quotes and escapes undone); lines and columns count from 1, in characters."""

    text: str
    is_plain: bool
    line: int
    column: int

    @property
    def value(self) -> str | int | float | bool | None:
        """As the core schema reads it. Whole numbers beyond 30 digits come as ±10³⁰."""
        if not self.is_plain:
            return self.text
        for pattern, constant in ((_NULL, None), (_TRUE, True), (_FALSE, False)):
            if pattern.fullmatch(self.text):
                return constant
        if _INTEGER.fullmatch(self.text):
            return _integer(self.text)
        if _FLOAT.fullmatch(self.text):
            return float(self.text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return self.text


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Mapping:
    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int


Node = Scalar | Sequence | Mapping


class Unreadable(Exception):  # noqa: N818 - it is an answer to whoever wrote the file
    """The text is not what we read as YAML: a stable code, a sentence and the place."""

    def __init__(self, code: str, message: str, line: int, column: int, suggestion: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.line, self.column, self.suggestion = code, message, line, column, suggestion


def read(text: str) -> Node | None:
    """The one document in `text`; None when there is nothing in it. Raises Unreadable, nothing else."""
    events: _Events | None = None
    try:
        events = _Events(text)
        return _document(events)
    except Unreadable:
        raise
    except MarkedYAMLError as error:
        raise _in_our_words(error) from None
    except ReaderError as error:
        raise _stray_character(text, error) from None
    except Exception as error:  # whatever the library stumbles over, it is the text's fault
        line, column = (events.line + 1, events.column + 1) if events else (1, 1)
        raise Unreadable("bad_yaml", "this cannot be read as YAML", line, column) from error


class _Events(Reader, Scanner, Parser, VersionedResolver):
    """The library's event stream, stopped at the first thing that we do not read and before it costs anything."""

    def __init__(self, text: str) -> None:
        self.comment_handling = None
        self.fetched = 0
        Reader.__init__(self, text, loader=self)
        Scanner.__init__(self, loader=self)
        Parser.__init__(self, loader=self)
        VersionedResolver.__init__(self, (1, 2), loader=self)

    def _refuse(self, code: str, message: str) -> None:
        raise Unreadable(code, message, self.line + 1, self.column + 1)

    def fetch_more_tokens(self) -> Any:
        self.fetched += 1
        if self.fetched > MAX_TOKENS:
            self._refuse("too_big", "there is too much in this file: it holds more than 800 values")
        return super().fetch_more_tokens()

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803 - the library's name
        if self.flow_level >= MAX_DEPTH:
            self._refuse("too_deep", f"this is nested more than {MAX_DEPTH} levels deep")
        super().fetch_flow_collection_start(TokenClass, to_push)

    def fetch_alias(self) -> None:
        self._refuse("alias", "aliases (*name) are not read here: write the value out. A value that begins with * is put in quotes")

    def fetch_anchor(self) -> None:
        self._refuse("alias", "anchors (&name) are not read here: write the value out. A value that begins with & is put in quotes")

    def fetch_tag(self) -> None:
        self._refuse("tag", "tags (!name) are not read here. A value that begins with ! is put in quotes")

    def fetch_directive(self) -> None:
        self._refuse("directive", "directives (%YAML, %TAG) are not read here: leave the line out")


def _document(events: _Events) -> Node | None:
    events.get_event()  # the stream's start
    if events.check_event(StreamEndEvent):
        return None
    events.get_event()  # the document's start
    node = _node(events, 0)
    if not events.check_event(DocumentEndEvent):  # pragma: no cover - the parser sees to it
        raise Unreadable("bad_yaml", "the document does not end here", node.line, node.column)
    events.get_event()
    if not events.check_event(StreamEndEvent):
        mark = events.get_event().start_mark
        raise Unreadable("several_documents", "a second document begins here: one file holds one", mark.line + 1, mark.column + 1)
    return node


def _node(events: _Events, depth: int) -> Node:
    event = events.get_event()
    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    if isinstance(event, ScalarEvent):
        return Scalar(event.value, event.implicit[0], line, column)
    if depth >= MAX_DEPTH:
        raise Unreadable("too_deep", f"this is nested more than {MAX_DEPTH} levels deep", line, column)
    if isinstance(event, MappingStartEvent):
        return Mapping(_entries(events, depth), line, column)
    items: list[Node] = []
    while not events.check_event(SequenceEndEvent):
        items.append(_node(events, depth + 1))
    events.get_event()
    return Sequence(tuple(items), line, column)


def _entries(events: _Events, depth: int) -> tuple[tuple[Scalar, Node], ...]:
    entries: dict[str, tuple[Scalar, Node]] = {}
    while not events.check_event(MappingEndEvent):
        key = _node(events, depth + 1)
        if not isinstance(key, Scalar):
            raise Unreadable("wrong_type", "a key is one word, not a list or a mapping", key.line, key.column)
        if key.is_plain and key.text == "<<":
            raise Unreadable("alias", "merge keys (<<) are not read here: write the values out", key.line, key.column)
        if key.text in entries:
            first = entries[key.text][0]
            raise Unreadable("duplicate_key", f'"{shown(key.text)}" is here twice: first on line {first.line}', key.line, key.column)
        value = _node(events, depth + 1)
        if isinstance(value, Scalar) and value.is_plain and not value.text:
            value = replace(value, line=key.line, column=key.column)  # nothing is nowhere: point at its key
        entries[key.text] = (key, value)
    events.get_event()
    return tuple(entries.values())


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    digits = (text[2:] if base != 10 else text.lstrip("+-")).lstrip("0")
    size = _HUGE if len(digits) > 30 else int(digits or "0", base)
    return -size if text[0] == "-" else size


def shown(text: str) -> str:
    """Somebody's word as it is quoted in a sentence: short, on one line, nothing invisible in it."""
    clean = "".join(character if character.isprintable() else "�" for character in text[:41])
    return clean if len(clean) <= 40 else clean[:39] + "…"


_OUR_WORDS = (
    (r"found character '\\t'", "there is a tab here: YAML is indented with spaces"),
    (r"found character (['\"].+['\"]) that cannot start", "a value cannot begin with {0}: put it in quotes"),
    (r"could not find expected ':'", "a colon is missing: this line is neither a key with its value nor part of the one above"),
    (r"mapping values are not allowed", "a colon is not expected here: put a value that holds one in quotes, and check the indentation"),
    (r"(sequence entries|mapping keys) are not allowed", "a new entry cannot begin here: check the indentation"),
    (r"unexpected end of stream", "a quote is not closed"),
    (r"expected ',' or '([]}])'", "a comma or the closing {0} is missing"),
    (r"unknown escape character", "this escape is not known: inside \"…\" write \\\\ for a backslash, or use '…'"),
    (r"expected <block end>|expected '<document start>'", "this does not go with what stands above it: check the indentation"),
    (r"expected the node content", "a value is missing here"),
)


def _in_our_words(error: MarkedYAMLError) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem or error.context or "")
    for pattern, words in _OUR_WORDS:
        if match := re.search(pattern, problem):
            return Unreadable("bad_yaml", words.format(*(shown(group) for group in match.groups())), line, column)
    return Unreadable("bad_yaml", f"this cannot be read as YAML: {shown(problem)}", line, column)


def _stray_character(text: str, error: ReaderError) -> Unreadable:
    before = text[: error.position].replace("\r\n", "\n").replace("\r", "\n")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Unreadable("not_text", f"there is a character here that does not belong in a text file (U+{error.character:04X})", line, column)

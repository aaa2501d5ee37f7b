"""The rules' text: cut into rules with the line each begins on, so that a mistake in one is said with its file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cedarpy

from bot.auth.policy import Role

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|\s+|;|[^\s";/]+|.', re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")


class PolicyError(Exception):
    """The rules cannot be used; one line that says where and why."""

    def __init__(self, file: str, line: int, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}")


@dataclass(frozen=True)
class Text:
    """`file` is what mistakes name: a path, or what stands for the rules that come with the package."""

    file: str
    words: str


@dataclass(frozen=True)
class Rule:
    """One policy. `tree` is Cedar's JSON form of it."""

    id: str
    reason: str
    argument: str
    tree: dict[str, Any]

    @property
    def is_forbid(self) -> bool:
        return str(self.tree["effect"]) == "forbid"

    def concerns(self, action: str, group: str) -> bool:
        """Whether its scope takes in this command."""
        scope = self.tree["action"]
        named = [scope["entity"]] if "entity" in scope else scope.get("entities", [])
        return not named or any(each["id"] in {action, group} for each in named)


def rules_in(text: Text, schema: cedarpy.Schema) -> list[Rule]:
    """Every rule of a text, checked. Raises PolicyError for the first that cannot be used."""
    rules = [_rule(text, line, words, schema) for line, words in _statements(text.words)]
    seen: set[str] = set()
    for rule, (line, _) in zip(rules, _statements(text.words), strict=True):
        if rule.id in seen:
            raise PolicyError(text.file, line, f"there are two rules with @id({json.dumps(rule.id)})")
        seen.add(rule.id)
    return rules


def _statements(words: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each policy; strings and comments may hold a semicolon."""
    begin: int | None = None
    for token in _TOKEN.finditer(words):
        is_blank = token[0].isspace() or token[0].startswith("//")
        if begin is None and not is_blank:
            begin = token.start()
        if token[0] == ";" and begin is not None:
            yield words.count("\n", 0, begin) + 1, words[begin : token.end()]
            begin = None
    if begin is not None:
        yield words.count("\n", 0, begin) + 1, words[begin:]


def _rule(text: Text, line: int, words: str, schema: cedarpy.Schema) -> Rule:
    try:
        trees = json.loads(cedarpy.policies_to_json_str(words))["staticPolicies"]
        [tree] = trees.values()
    except ValueError as error:
        raise PolicyError(text.file, line + _line_within(words, str(error)), f"cannot be read: {error}") from None
    notes = tree.get("annotations") or {}
    if not notes.get("id") or not notes.get("reason"):
        raise PolicyError(text.file, line, 'every rule needs @id("…") and @reason("…")')
    for wrong in cedarpy.validate_policies(words, schema).errors:
        sentence = str(wrong.error).removeprefix("for policy `policy0`, ")
        raise PolicyError(text.file, line + _line_within(words, sentence), sentence)
    for role in _named(tree, "Role"):
        if role not in {*Role} - {Role.NOBODY}:
            at = line + _line_within(words, f"`{role}`")
            raise PolicyError(text.file, at, f"there is no role {role!r}: viewer, developer or admin")
    return Rule(notes["id"], notes["reason"].strip().rstrip("."), notes.get("argument") or "", tree)


def _named(tree: Any, kind: str) -> Iterator[str]:
    """The ids of all entities of a kind that a rule names."""
    if isinstance(tree, dict):
        if tree.get("type") == kind and isinstance(tree.get("id"), str):
            yield tree["id"]
        for each in tree.values():
            yield from _named(each, kind)
    elif isinstance(tree, list):
        for each in tree:
            yield from _named(each, kind)


def _line_within(words: str, sentence: str) -> int:
    """How many lines below the rule's first the thing is that the sentence quotes; 0 where that cannot be told."""
    for quoted in _QUOTED.findall(sentence):
        if (at := words.find(quoted)) >= 0:
            return words.count("\n", 0, at)
    return 0

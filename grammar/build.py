"""From a parsed line to a typed command: each word becomes the value its place asks for, or a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lark import Token

from grammar.commands import Command, Slot, option_of
from grammar.mistakes import Code
from grammar.values import BadValue, BranchName
from grammar.words import place_inside, quoted, unquoted
from grammar.wrong import Fix, Wrong, replaced

Place = tuple[int, int]


def build(command: type[Command], rest: str, tokens: Sequence[Token]) -> Command:
    """Make the command of the tokens after its verb. Raises Wrong."""
    return _Builder(command, rest).build(tokens)


class _Builder:
    def __init__(self, command: type[Command], rest: str) -> None:
        self._command = command
        self._rest = rest
        self._slots: Mapping[str, Slot] = command.slots()
        self._values: dict[str, Any] = {}
        self._places: dict[str, Place] = {}  # of the whole option or word, by field

    def build(self, tokens: Sequence[Token]) -> Command:
        positionals = iter(self._command.positionals())
        at, count = 0, len(tokens)
        while at < count:
            token = tokens[at]
            kind = token.type
            at += 1
            if kind == "WORD":
                self._take(next(positionals), token, token)
            elif kind == "DURATION":
                self._take("duration", token, token)
            elif kind == "DASHES":
                self._arguments(token, tokens[at:])
                break
            elif self._slots[name := kind.lower()].kind is None:
                self._keep(name, True, _place(token))  # noqa: FBT003 - a flag's value
            else:
                last = at + 1
                while last < count and tokens[last].type == "TEXT":
                    last += 1
                self._take(name, token, *tokens[at:last])
                at = last
        if self._command.conflicts and len(self._values) > 1:
            self._must_agree()
        return self._command(**self._values)

    def _take(self, name: str, option: Token, *words: Token) -> None:
        """Read the value of a field from its words."""
        slot = self._slots[name]
        assert slot.kind is not None  # noqa: S101 - flags take no words
        text = " ".join([_text(word) for word in words]) if len(words) > 1 else _text(words[0])
        try:
            value = slot.kind.read(text)
        except BadValue as bad:
            raise self._bad_value(slot, (_start(option), _end(words[-1])), words, bad) from None
        place = (_start(option), _end(words[-1]))
        if isinstance(value, BranchName):
            if value.project is not None:
                self._keep("project", value.project, place)
            value = value.branch
        self._keep(name, value, place)

    def _keep(self, name: str, value: Any, place: Place) -> None:
        if name in self._values:
            said = f"`{option_of(name)}`" if self._slots[name].is_option else f"the {name}"
            without = replaced(self._rest, place, "")
            raise Wrong(Code.REPEATED_OPTION, place, f"{said} is said twice.", (Fix(self._command.product, without),))
        self._values[name] = value
        self._places[name] = place

    def _arguments(self, dashes: Token, words: Sequence[Token]) -> None:
        if "tilt_args" not in self._values:
            self._values["tilt_args"] = tuple([_text(word) for word in words])
            return
        all_words = " ".join(quoted(word) for word in (*self._values["tilt_args"], *(_text(word) for word in words)))
        without = replaced(self._rest[: _start(dashes)], self._places["tilt_args"], "")
        fix = Fix(self._command.product, f"{without.rstrip()} -- {all_words}")
        place = (_start(dashes), len(self._rest))
        raise Wrong(Code.BOTH_TILT_ARGS, place, "arguments for Tilt stand in `--tilt-args` already: say them in one place.", (fix,))

    def _must_agree(self) -> None:
        for group in self._command.conflicts:
            said = sorted((self._places[name], name) for name in group if name in self._values)
            if len(said) > 1:
                (_, first), (place, second) = said[:2]
                names = " and ".join(f"`{option_of(name)}`" if self._slots[name].is_option else f"the {name}" for name in (first, second))
                fix = Fix(self._command.product, replaced(self._rest, place, ""))
                raise Wrong(Code.CONFLICTING_OPTIONS, place, f"{names} cannot be said together.", (fix,))

    def _bad_value(self, slot: Slot, whole: Place, words: Sequence[Token], bad: BadValue) -> Wrong:
        place = (_start(words[0]), _end(words[-1]))
        better = [bad.better] if bad.better else []
        fixes = [replaced(self._rest, place, quoted(each)) for each in better]
        if slot.kind is not None and slot.kind.example:
            fixes.append(replaced(self._rest, place, slot.kind.example))
        fixes.append(replaced(self._rest, whole, ""))
        pointed = place
        if bad.at is not None:
            inside = place[0] + place_inside(self._rest[place[0] : place[1]], bad.at)
            pointed = (inside, inside + 1)
        return Wrong(bad.code, pointed, bad.message, tuple(Fix(self._command.product, fix) for fix in fixes))


def _text(token: Token) -> str:
    """Give the word without the space or the `=` before it, out of its quotes."""
    word = token.lstrip()
    if token.type == "VALUE" and word[0] == "=":
        word = word[1:]
    return unquoted(word)


def _start(token: Token) -> int:
    """Where the word begins, without the space or `=` before it."""
    word = token.lstrip()
    is_assigned = token.type == "VALUE" and word[0] == "="
    return int(token.start_pos or 0) + len(token) - len(word) + is_assigned


def _end(token: Token) -> int:
    return int(token.end_pos or 0)


def _place(token: Token) -> Place:
    return (_start(token), _end(token))

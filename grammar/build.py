"""From a parsed line to a typed command: each word becomes the value its place asks for, or a mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grammar.commands import Command, Slot, option_of
from grammar.mistakes import Code
from grammar.values import BadValue, BranchName
from grammar.words import place_inside, quoted, quoted_argument, split, unquoted
from grammar.wrong import Fix, Wrong, replaced

if TYPE_CHECKING:
    from lark import Token

Place = tuple[int, int]


def build(command: type[Command], rest: str, tokens: Sequence[Token]) -> Command:
    """Make the command of its tokens, the first of which is the verb. Raises Wrong."""
    if len(tokens) == 1:
        return command()
    return _Builder(command, rest).build(tokens)


class _Builder:
    def __init__(self, command: type[Command], rest: str) -> None:
        self._command = command
        self._rest = rest
        self._slots = command.slots()
        self._values: dict[str, Any] = {}
        self._places: dict[str, Place] = {}  # of the whole option or word, by field

    def build(self, tokens: Sequence[Token]) -> Command:
        positionals = 0
        for token in tokens[1:]:
            word = token.lstrip()
            end = token.end_pos or 0
            place = (end - len(word), end)
            kind = token.type
            if kind == "WORD":
                name = self._command.positionals()[positionals]
                self._take(name, word, 0, place)
                positionals += not self._slots[name].is_many
            elif kind in {"DURATION", "PERSON"}:
                self._take(kind.lower(), word, 0, place)
            elif kind == "ARGUMENTS":
                self._arguments(word, place)
            else:
                self._option(kind.lower(), word, place)
        if self._command.conflicts and len(self._values) > 1:
            self._must_agree()
        return self._command(**self._values)

    def _option(self, name: str, word: str, place: Place) -> None:
        if self._slots[name].kind is None:
            self._keep(name, True, place)  # noqa: FBT003 - a flag's value
            return
        option = len(option_of(name))
        skipped = option + 1 if word[option] == "=" else len(word) - len(word[option:].lstrip())
        self._take(name, word, skipped, place)

    def _take(self, name: str, word: str, skipped: int, place: Place) -> None:
        """Read the value of a field: what `word`, which is at `place`, holds behind its first `skipped` characters."""
        kind = self._slots[name].kind
        assert kind is not None  # noqa: S101 - flags hold no value
        written = word[skipped:]
        text = " ".join(_unquoted_words(written)) if kind.is_sentence else unquoted(written)
        try:
            value = kind.read(text)
        except BadValue as bad:
            raise self._bad_value(self._slots[name], (place[0] + skipped, place[1]), place, bad) from None
        if isinstance(value, BranchName):
            if value.project is not None:
                self._keep("project", value.project, place)
            value = value.branch
        self._keep(name, value, place)

    def _keep(self, name: str, value: Any, place: Place) -> None:
        if self._slots[name].is_many:
            value = (*self._values.pop(name, ()), value)
        if name in self._values:
            said = f"`{option_of(name)}`" if self._slots[name].is_option else f"the {name}"
            without = replaced(self._rest, place, "")
            raise Wrong(Code.REPEATED_OPTION, place, f"{said} is said twice.", (Fix(self._command.product, without),))
        self._values[name] = value
        self._places[name] = place

    def _arguments(self, word: str, place: Place) -> None:
        arguments = _unquoted_words(word[2:])
        if "tilt_args" not in self._values:
            self._values["tilt_args"] = arguments
            return
        before = self._values["tilt_args"]
        together = " ".join(quoted_argument(each) for each in (before if before == arguments else before + arguments))
        without = replaced(self._rest[: place[0]], self._places["tilt_args"], "").rstrip()
        message = "arguments for Tilt stand in `--tilt-args` already: say them in one place."
        raise Wrong(Code.BOTH_TILT_ARGS, place, message, (Fix(self._command.product, f"{without} -- {together}"),))

    def _must_agree(self) -> None:
        for group in self._command.conflicts:
            said = sorted((self._places[name], name) for name in group if name in self._values)
            if len(said) > 1:
                (_, first), (place, second) = said[:2]
                names = " and ".join(f"`{option_of(name)}`" if self._slots[name].is_option else f"the {name}" for name in (first, second))
                fix = Fix(self._command.product, replaced(self._rest, place, ""))
                raise Wrong(Code.CONFLICTING_OPTIONS, place, f"{names} cannot be said together.", (fix,))

    def _bad_value(self, slot: Slot, place: Place, whole: Place, bad: BadValue) -> Wrong:
        fixes = [replaced(self._rest, place, quoted(bad.better))] if bad.better else []
        if slot.kind is not None and slot.kind.example:
            fixes.append(replaced(self._rest, place, slot.kind.example))
        fixes.append(replaced(self._rest, whole, ""))
        if bad.at is not None:
            inside = place[0] + place_inside(self._rest[slice(*place)], bad.at)
            place = (inside, inside + 1)
        return Wrong(bad.code, place, bad.message, tuple(Fix(self._command.product, fix) for fix in fixes))


def _unquoted_words(text: str) -> tuple[str, ...]:
    return tuple([unquoted(text[word.start : word.end]) for word in split(text)])

"""Where a line could not be parsed: what kind of mistake that is, and which lines might be right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grammar.commands import COMMANDS, VERBS, Command, Product, Slot
from grammar.mistakes import Code
from grammar.nearest import nearest
from grammar.values import shown
from grammar.words import Word, quoted, split, unquoted
from grammar.wrong import Fix, Wrong, replaced

# What people call things elsewhere.
_SYNONYMS = {
    **dict.fromkeys(("stop", "delete", "del", "remove", "rm", "kill", "down", "teardown", "shutdown", "drop"), "terminate"),
    **dict.fromkeys(("new", "up", "start", "launch", "spawn", "make", "add"), "create"),
    **dict.fromkeys(("ls", "ps", "all"), "list"),
    **dict.fromkeys(("show", "info", "describe", "st"), "status"),
    **dict.fromkeys(("log", "tail"), "logs"),
    **dict.fromkeys(("renew", "prolong", "longer", "hold"), "extend"),
    **dict.fromkeys(("sync", "pull", "refresh", "rebuild", "upgrade"), "update"),
    **dict.fromkeys(("abort", "interrupt"), "cancel"),
    **dict.fromkeys(("sleep", "hibernate", "suspend", "park"), "pause"),
    **dict.fromkeys(("wake", "unpause", "continue"), "resume"),
    **dict.fromkeys(("pin", "persist"), "keep"),
    **dict.fromkeys(("unpin",), "unkeep"),
    **dict.fromkeys(("undo", "recover", "undelete"), "restore"),
    **dict.fromkeys(("give", "handover", "assign"), "transfer"),
    **dict.fromkeys(("past",), "history"),
    **dict.fromkeys(("costs", "price", "money"), "cost"),
    **dict.fromkeys(("deny", "decline", "refuse"), "reject"),
    **dict.fromkeys(("accept", "allow", "yes"), "approve"),
    **dict.fromkeys(("reboot", "bounce"), "restart"),
    **dict.fromkeys(("rerun", "again"), "retry"),
    **dict.fromkeys(("open", "address", "urls"), "url"),
    **dict.fromkeys(("explain", "reason"), "why"),
    **dict.fromkeys(("--help", "-h", "-help", "?", "usage", "man", "commands"), "help"),
    **dict.fromkeys(("who", "me", "id"), "whoami"),
}

_UNIT = re.compile("(m|min|minute|h|hr|hour|d|day|w|week|month|year)s?")
_DASHES = {"\u2013", "\u2014"}


def diagnose(product: Product, rest: str, at: int) -> Wrong:
    """Say what is wrong with `rest`, a line without its prefix that cannot be parsed beyond `at`."""
    words = split(rest)
    if not words:
        return Wrong(Code.MISSING_VERB, (0, 0), f"what shall `/{product}` do?", (Fix(product, "help"),))
    command = VERBS[product].get(rest[words[0].start : words[0].end].lower())
    if command is None:
        return unknown_verb(product, rest, words[0])
    index = next((number for number, word in enumerate(words) if word.end > at), 0)
    return _Line(product, rest, words, command, index).wrong()


def ambiguous(rest: str) -> Wrong:
    """Refuse a bare verb that is in both languages, and show both forms."""
    verb = rest.split(None, 1)[0]
    forms = " or ".join(f"`/{product} {verb}`" for product in Product)
    fixes = tuple(Fix(product, rest) for product in Product)
    return Wrong(Code.AMBIGUOUS_VERB, (0, len(verb)), f"both have `{verb}`: say {forms}.", fixes)


def meant(verb: str, product: Product) -> str | None:
    """Give the verb that was probably meant by another word."""
    word = verb.lower().strip("\"'`.,:;!")
    synonym = word if word in VERBS[product] else _SYNONYMS.get(word)
    return synonym if synonym in VERBS[product] else nearest(word, VERBS[product])


def unknown_verb(product: Product, rest: str, word: Word) -> Wrong:
    typed = rest[word.start : word.end]
    place = (word.start, word.end)
    tail = rest[word.end :]
    near = meant(typed, product)
    message = f"`/{product}` knows no {shown(typed)}."
    if near is not None and typed.lower() == "stop":
        both = (Fix(product, "pause" + tail), Fix(product, "terminate" + tail), Fix(product, "pause"))
        return Wrong(Code.UNKNOWN_VERB, place, f"{message} Did you mean `pause` or `terminate`?", both)
    if near is not None:
        with_near = (Fix(product, near + tail), Fix(product, near))
        return Wrong(Code.UNKNOWN_VERB, place, f"{message} Did you mean `{near}`?", (*with_near, Fix(product, "help")))
    for other in Product:
        if typed.lower() in VERBS[other]:
            fixes = (Fix(other, typed.lower() + tail), Fix(product, "help"))
            return Wrong(Code.UNKNOWN_VERB, place, f"{message} `/{other}` does.", fixes)
    return Wrong(Code.UNKNOWN_VERB, place, message, (Fix(product, "help"),))


@dataclass(frozen=True)
class _Line:
    """A line of a known command, and which of its words cannot stand where it stands."""

    product: Product
    rest: str
    words: list[Word]
    command: type[Command]
    index: int

    def wrong(self) -> Wrong:
        word = self.words[self.index]
        if word.quote_at is not None:
            return self._unclosed(word.quote_at)
        if word.is_glued:
            spaced = self.rest[: word.start] + " " + self.rest[word.start :]
            message = "a word begins right after a quote: put a space between."
            return self._wrong(Code.EXTRA_WORD, word, message, spaced, self._without(self.index, self.index + 1))
        return self._option(word) if self._text(self.index).startswith("-") else self._extra_word(word)

    def _text(self, index: int) -> str:
        return self.rest[self.words[index].start : self.words[index].end] if 0 <= index < len(self.words) else ""

    def _slot(self, index: int) -> Slot | None:
        """The slot of the option at `index`, with or without `=value`."""
        name = self.command.options().get(self._text(index).partition("=")[0])
        return self.command.slots()[name] if name else None

    def _wrong(self, code: Code, word: Word, message: str, *fixes: str) -> Wrong:
        return Wrong(code, (word.start, word.end), message, tuple(Fix(self.product, fix) for fix in fixes))

    def _without(self, first: int, last: int) -> str:
        """The line without the words from `first` to before `last`."""
        return replaced(self.rest, (self.words[first].start, self.words[last - 1].end), "")

    def _next_option(self, index: int) -> int:
        """The first word from `index` on that is an option of this command or `--`, else the end."""
        options = range(index, len(self.words))
        return next((each for each in options if self._slot(each) is not None or self._text(each) == "--"), len(self.words))

    def _next_dashed(self, index: int) -> int:
        return next((each for each in range(index, len(self.words)) if self._text(each).startswith("-")), len(self.words))

    def _unclosed(self, at: int) -> Wrong:
        mark = self.rest[at]
        closed = self.rest + ("\\" if _ends_escaping(self.rest[at:]) and mark == '"' else "") + mark
        without = self.rest[:at] + self.rest[at + 1 :]
        fixes = (Fix(self.product, closed), Fix(self.product, without), Fix(self.product, self.rest[:at].rstrip()))
        return Wrong(Code.UNCLOSED_QUOTE, (at, at + 1), f"this {mark} is never closed.", fixes)

    def _missing_value(self, index: int) -> Wrong:
        option, following = self.words[index], self._text(index + 1)
        slot = self._slot(index)
        example = slot.kind.example if slot is not None and slot.kind is not None else None
        name = self._text(index).partition("=")[0]
        head, tail = self.rest[: option.start] + name, self.rest[option.end :]
        is_option = following == "--" or self._slot(index + 1) is not None
        fixes = [] if is_option else self._values_that_follow(index, head)
        if example and following.partition("=")[0] not in {name, "--"}:
            fixes.append(f"{head} {example}{tail}")
        fixes += [self._without(index, index + 1), self._without(index, self._next_option(index + 1))]
        is_dashed = following.startswith("-") and not is_option
        why = f" What begins with `-` is quoted, or follows `=`: {shown(following)}." if is_dashed else ""
        return self._wrong(Code.MISSING_VALUE, option, f"`{name}` wants a value.{why}", *fixes)

    def _values_that_follow(self, index: int, head: str) -> list[str]:
        """Lines in which what stands behind the option at `index` is its value after all; `head` ends with its name."""
        following, end = self._text(index + 1), self.words[index].end
        tail = self.rest[end:]
        slot = self._slot(index)
        if following.startswith("="):
            return [f"{head}={tail.lstrip()[1:].lstrip()}"]
        if self._text(index).endswith("="):
            return [f"{head}={tail.lstrip()}"]
        if not following.startswith("-"):
            return []
        undashed = f"{head} {tail.lstrip().lstrip('-')}"
        if slot is None or slot.kind is None or not slot.kind.is_free:
            return [undashed]
        until = self.words[self._next_option(index + 1) - 1].end
        return [f"{head} {quoted(self.rest[end:until].strip())}{self.rest[until:]}", undashed]

    def _option(self, word: Word) -> Wrong:
        typed = self._text(self.index)
        name, assigned, _ = typed.partition("=")
        slot = self._slot(self.index)
        if slot is not None and slot.kind is not None:
            following = self.words[self.index + 1] if self.index + 1 < len(self.words) else None
            if not assigned and following is not None and following.quote_at is not None:
                return self._unclosed(following.quote_at)
            return self._missing_value(self.index)
        if slot is not None:
            if assigned:
                return self._wrong(Code.BAD_VALUE, word, f"`{name}` takes no value.", replaced(self.rest, (word.start, word.end), name))
            return self._not_again(word, name)
        if name == "--":
            message = f"`{self.command.verb}` takes no arguments for Tilt."
            return self._wrong(Code.EXTRA_WORD, word, message, self.rest[: word.start].rstrip())
        return self._unknown_option(word, name)

    def _not_again(self, word: Word, name: str) -> Wrong:
        earlier = [self._text(each).partition("=")[0] for each in range(1, self.index)]
        without = self._without(self.index, self.index + 1)
        if name in earlier:
            return self._wrong(Code.REPEATED_OPTION, word, f"`{name}` is said twice.", without)
        other = next((each for each in earlier if each in self.command.options()), "")
        return self._wrong(Code.CONFLICTING_OPTIONS, word, f"`{other}` and `{name}` cannot be said together.", without)

    def _unknown_option(self, word: Word, name: str) -> Wrong:
        if name.lower() in {"--help", "-h", "-help", "-?"}:
            page = Fix(self.product, f"help {self.command.verb}")
            return Wrong(
                Code.UNKNOWN_OPTION,
                (word.start, word.end),
                f"no option `{name}` here: help has a page for it.",
                (page, Fix(self.product, "help")),
            )
        near = nearest("--" + name.lstrip("-").replace("_", "-"), self.command.options())
        value = self._text(self.index)[len(name) :]
        fixes = [replaced(self.rest, (word.start, word.end), near + value)] if near else []
        last = self._next_dashed(self.index + 1)
        fixes += [self._without(self.index, last), self._without(self.index, self.index + 1)]
        message = f"no option {shown(name)} here."
        if near:
            message += f" Did you mean `{near}`?"
        elif others := sorted({each.verb for each in COMMANDS if each.product is self.product and name in each.options()}):
            message += f" It belongs to `{'`, `'.join(others)}`."
        return self._wrong(Code.UNKNOWN_OPTION, word, message, *fixes)

    def _extra_word(self, word: Word) -> Wrong:
        typed = self._text(self.index)
        place = (word.start, word.end)
        last = self._next_dashed(self.index + 1)
        through = self.words[last - 1].end
        without = self._without(self.index, self.index + 1)
        fixes: list[str] = []
        if typed in _DASHES:
            fixes.append(replaced(self.rest, place, "--"))
        if typed.startswith("="):
            fixes.append(self.rest[: word.start].rstrip() + "=" + self.rest[word.start + 1 :].lstrip())
        if f"--{typed.partition('=')[0].lower()}" in self.command.options():
            fixes.append(replaced(self.rest, place, f"--{typed.lower()}"))
        if "person" in self.command.slots():
            fixes.append(replaced(self.rest, place, f"@{typed}"))
        before = self.words[self.index - 1]
        is_counted = typed.isalpha() and self._text(self.index - 1).rpartition("=")[2].isdigit()  # `2 days`
        if is_counted:
            fixes.append(self.rest[: before.end] + self.rest[word.start :])
        option = self._option_before(self.index)
        fixes += self._in_quotes(option, through)
        first = self._next_dashed(1)
        free = self._takes_many() or len(self.command.positionals()) >= first - (self.index < first)
        if free:
            here = self.words[first - 1].end
            fixes.append(without[:here] + " " + typed + without[here:])
            here = self.words[0].end
            fixes.append(without[:here] + " " + typed + without[here:])
        fixes += [self._without(self.index, last), without]
        where = f": {self._label()} comes before the options" if option and free else ""
        where = ": a duration is one word" if is_counted and _UNIT.fullmatch(typed.lower()) else where
        return self._wrong(Code.EXTRA_WORD, word, f"{shown(typed)} has no place here{where}.", *fixes)

    def _in_quotes(self, option: int, through: int) -> list[str]:
        """The line with all words from the option's value to `through` as its value, where that can have been meant."""
        slot = self._slot(option) if option else None
        if slot is None or slot.kind is None or not slot.kind.is_free:
            return []
        text = self._text(option)
        begins = self.words[option].start + text.index("=") + 1 if "=" in text else self.words[option + 1].start
        value = self.rest[begins:through]
        together = " ".join(unquoted(value[word.start : word.end]) for word in split(value))
        return [self.rest[:begins] + quoted(together) + self.rest[through:]]

    def _takes_many(self) -> bool:
        return any(self.command.slots()[name].is_many for name in self.command.positionals())

    def _label(self) -> str:
        slots = self.command.slots()
        return " ".join(f"`{slots[name].label}`" for name in self.command.positionals())

    def _option_before(self, index: int) -> int:
        """The option whose value ends right before `index`; 0 for none."""
        for each in range(index - 1, 0, -1):
            if self._slot(each) is not None:
                return each
        return 0


def _ends_escaping(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1

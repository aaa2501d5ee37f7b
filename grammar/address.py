"""Who a line speaks to: `/ivy …`, `@bot ivy …`, or, where the bot is spoken to anyway, the bare verb."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from grammar.commands import VERBS, Command, Product
from grammar.fold import Folded, fold, unslack
from grammar.nearest import distance

_PREFIX = re.compile(r" {0,3}/(ivy|sled)(?!\S)\s*", re.IGNORECASE)
_NAMED = re.compile(r" {0,3}/?(ivy|sled)(?!\S)\s*", re.IGNORECASE)
_SLACK_MENTION = re.compile(r" {0,3}@[UW][A-Z0-9]+(?!\w)[:,]?\s*")
_FIRST_WORD = re.compile(r" {0,3}(\S+)")
_HEAD = 256
_PRODUCTS: Mapping[str, Product] = {product.value: product for product in Product}
_LONGEST_VERB = max(len(verb) for verbs in VERBS.values() for verb in verbs)
_SHORT = 4


class Address(NamedTuple):
    """`product` None: the verb decides. The verb begins at `start`."""

    product: Product | None
    start: int


class Place(NamedTuple):
    """Where a text was said, as far as it decides what a command looks like there."""

    is_slack: bool = False
    is_direct: bool = False
    bot_name: str = ""

    def folded(self, line: str) -> tuple[Folded, Folded]:
        """Give what was typed, and that folded."""
        typed = unslack(line) if self.is_slack else Folded(line)
        return typed, fold(typed.text)

    def is_head(self, line: str) -> bool:
        """Whether a line, as it arrived, begins as a command does."""
        return self.address(self.folded(line[:_HEAD])[1].text) is not None

    def address(self, text: str) -> Address | None:
        """Read who a folded line speaks to; None: nobody here."""
        if found := _PREFIX.match(text):
            return Address(_PRODUCTS[found[1].lower()], found.end())
        mention = self._mention(text)
        if mention is None and not self.is_direct:
            return None
        start = mention.end() if mention else 0
        if found := _NAMED.match(text, start):
            return Address(_PRODUCTS[found[1].lower()], found.end())
        word = _FIRST_WORD.match(text, start, start + _HEAD)
        return Address(None, word.start(1)) if word and _is_verb(word[1].lower()) else None

    def _mention(self, text: str) -> re.Match[str] | None:
        found = _mention_of(self.bot_name).match(text) if self.bot_name else None
        return found or (_SLACK_MENTION.match(text) if self.is_slack and self.is_direct else None)


def place(dialect: str, *, is_direct: bool, bot_name: str | None) -> Place:
    return Place(dialect == "slack", is_direct, (bot_name or "").removeprefix("@").removesuffix("[bot]"))


def owner(verb: str, verbs: Mapping[Product, Mapping[str, type[Command]]] = VERBS) -> Product | None:
    """Whose a bare verb is; a shared one is Ivy's. None: it means different things to both."""
    owners = [product for product in Product if verb in verbs[product]]
    if len(owners) < len(Product):
        return owners[0] if owners else Product.IVY
    is_shared = issubclass(verbs[Product.SLED][verb], verbs[Product.IVY][verb])
    return Product.IVY if is_shared else None


@lru_cache(maxsize=16)
def _mention_of(name: str) -> re.Pattern[str]:
    return re.compile(rf" {{0,3}}@{re.escape(name)}(?![\w-])(?:\[bot\])?[:,]?\s*", re.IGNORECASE)


def _is_verb(word: str) -> bool:
    """Whether a bare word is a verb, or so near to one that it was meant as one."""
    if word == "stop" or any(word in verbs for verbs in VERBS.values()):
        return True
    if not _SHORT < len(word) <= _LONGEST_VERB + 1 or not word.isalpha():
        return False
    return any(distance(word, verb) == 1 for verbs in VERBS.values() for verb in verbs if verb[:2] == word[:2])

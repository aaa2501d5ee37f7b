"""The commands that join accounts of one person, and part them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from grammar.command import Command, Product, positional
from grammar.values import BadValue, Kind, shown

_CODE = re.compile(r"[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}\Z")
_ACCOUNT = re.compile(r"(github|gitlab|slack|web):([A-Za-z0-9_.|-]{1,100})\Z", re.IGNORECASE)


def _read_account(text: str) -> str:
    if found := _ACCOUNT.match(text):
        platform = found[1].lower()
        return f"{platform}:{found[2].upper() if platform == 'slack' else found[2]}"
    raise BadValue(f"{shown(text)} is no account: write its platform and id, for instance `github:7`.")


def _read_code_or_account(text: str) -> str:
    if _CODE.match(text):
        return text.upper().replace("-", "")
    return _read_account(text)


@dataclass(frozen=True, slots=True)
class Link(Command):
    words: ClassVar[str] = "ivy link"
    verb: ClassVar[str] = "link"
    summary: ClassVar[str] = "Join your accounts: get a code here, say it with the other account, confirm here."
    examples: ClassVar[tuple[str, ...]] = ("/ivy link", "/ivy link ABCD-EFGH", "/ivy link github:7")

    code: str | None = positional(
        Kind("code or account", _read_code_or_account), "CODE", "the code that your other account was given; or, to confirm, that account"
    )


@dataclass(frozen=True, slots=True)
class Unlink(Command):
    words: ClassVar[str] = "ivy unlink"
    verb: ClassVar[str] = "unlink"
    summary: ClassVar[str] = "Part this account, or another one of yours, from the rest."
    examples: ClassVar[tuple[str, ...]] = ("/ivy unlink", "/ivy unlink slack:U012ABCDEF")

    account: str | None = positional(Kind("account", _read_account), "ACCOUNT", "another account of yours; this one when left out")


@dataclass(frozen=True, slots=True)
class SledLink(Link):
    words: ClassVar[str] = "sled link"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled link", "/sled link ABCD-EFGH")


@dataclass(frozen=True, slots=True)
class SledUnlink(Unlink):
    words: ClassVar[str] = "sled unlink"
    product: ClassVar[Product] = Product.SLED
    examples: ClassVar[tuple[str, ...]] = ("/sled unlink",)


IVY_ACCOUNTS: tuple[type[Command], ...] = (Link, Unlink)
SLED_ACCOUNTS: tuple[type[Command], ...] = (SledLink, SledUnlink)

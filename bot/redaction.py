"""Secrets taken out of what we write or show: those we know, however they are encoded, and those that can be told by their shape."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections import deque
from collections.abc import Iterable, Sequence
from urllib.parse import quote, quote_plus

MASK = "•••"
_SHORTEST = 6
"""Characters. What is shorter is no secret, and would take ordinary words out of every line."""

_SHAPES = re.compile(
    r"""(?xi)
      \b trl_[\w-]{16,}                                     # ours
    | \b gh[a-z]_[A-Za-z0-9]{16,} | \b github_pat_\w{16,}   # GitHub
    | \b gl[a-z]{2,5}-[\w-]{16,}                            # GitLab
    | \b xox[a-z]-[\w-]{8,} | \b xapp-[\w-]{8,}             # Slack
    | \b whsec_[\w+/=-]{16,}
    | \b eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                    # JSON Web Tokens
    | (?<=://) [^\s/@:'"]* : [^\s/@'"]+ (?=@)               # of an address
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.DOTALL,
)
# A word before it says that a secret follows; the word stays.
_NAMED = re.compile(
    r"""(?xi)
    ( \b (?:proxy-)?authorization \\? ["']? \s* [:=,]\s* \\? [b]? ["']? \s* (?:(?:bearer|basic|token)\s+)?
    | \b (?:private-token|x-gitlab-token) \\? ["']? \s* [:=,]\s* \\? [b]? ["']? \s*
    | \b bearer \s+
    ) (?!(?:bearer|basic|token)\s) [^\s"',;\\)\]}]{6,}
    """
)


_PASSING = 50
_JSON_DEPTH = 3
"""A line of JSON about an answer that quotes a request."""


def _base64(secret: bytes) -> Iterable[str]:
    """The part that is the same whatever stands before and after it."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode()
        sure = whole[(0, 2, 3)[before] : (before + len(secret)) * 8 // 6]
        yield sure
        yield sure.replace("+", "-").replace("/", "_")


def _in_json(found: set[str]) -> set[str]:
    """The same as it is written in JSON."""
    return {json.dumps(each, ensure_ascii=is_ascii)[1:-1] for each in found for is_ascii in (True, False)}


def _quoted(text: str) -> Iterable[str]:
    for found in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield found
        yield re.sub(r"%[0-9A-F]{2}", lambda each: each.group().lower(), found)


def forms(secret: str) -> frozenset[str]:
    """How a secret may look in a line."""
    data = secret.encode("utf-8", "surrogatepass")
    found = {secret, *_base64(data), *_quoted(secret), data.hex(), data.hex().upper(), repr(secret)[1:-1]}
    found |= {repr(data)[2:-1], html.escape(secret), shlex.quote(secret)}
    for _ in range(_JSON_DEPTH):
        found |= _in_json(found)
    return frozenset(each for each in found if len(each) >= _SHORTEST)


class Redactor:
    """`learn` what is secret; `text` and `lines` come back without it."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._passing: deque[str] = deque(maxlen=_PASSING)
        self._pattern: re.Pattern[str] | None = None
        self._is_new = False

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on these are taken out. Those of less than six characters are not."""
        new = {form for secret in secrets if len(secret) >= _SHORTEST for form in forms(secret)} - self._forms
        if new:
            self._forms |= new
            self._is_new = True

    def learn_for_now(self, secret: str) -> None:
        """One of those that are new each hour; after some more it is forgotten."""
        if len(secret) >= _SHORTEST and secret not in self._passing:
            self._passing.append(secret)
            self._is_new = True

    def forget(self) -> None:
        """All that was learnt: what is served from now on is another product."""
        self._forms.clear()
        self._passing.clear()
        self._is_new = True

    @property
    def _known(self) -> re.Pattern[str] | None:
        if self._is_new:
            self._is_new = False
            found = self._forms.union(*(forms(each) for each in tuple(self._passing)))
            words = "|".join(re.escape(each) for each in sorted(found, key=len, reverse=True))
            self._pattern = re.compile(words) if words else None
        return self._pattern

    def text(self, text: str) -> str:
        if known := self._known:
            text = known.sub(MASK, text)
        return _NAMED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))

    def lines(self, lines: Sequence[str]) -> tuple[str, ...]:
        """The same number of lines; a secret that runs on from one into the next is taken out of both."""
        whole = "".join(lines)
        known = self._known
        spans = [match.span() for match in known.finditer(whole)] if known else []
        return tuple(self.text(each) for each in _cut(lines, spans))


def _cut(lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> Iterable[str]:
    """The lines, of which the spans of the whole are masked."""
    at = 0
    for each in lines:
        end, kept, place = at + len(each), "", at
        for first, last in spans:
            if first < end and last > at:
                kept += each[place - at : max(first, place) - at] + MASK
                place = min(last, end)
        yield kept + each[place - at :]
        at = end


KNOWN = Redactor()
"""What this process knows to be secret."""

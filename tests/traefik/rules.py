"""Traefik's rule syntax (v3), as far as our configuration uses it: matchers with quoted values, `&&`, `||`, `!` and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from lark import Lark, Transformer, v_args

_GRAMMAR = r"""
?start: either
?either: both ("||" both)*
?both: one ("&&" one)*
?one: NAME "(" TEXT ("," TEXT)* ")" -> matcher
    | "!" one                       -> never
    | "(" either ")"
NAME: /[A-Z][A-Za-z]*/
TEXT: /`[^`]*`/ | /"[^"]*"/
%ignore " "
"""


@dataclass(frozen=True)
class Asked:
    """A request as it comes to an entry point. Header names are in small letters; `host` is what the Host header holds."""

    host: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    @property
    def name(self) -> str:
        """The host's canonical name: small letters, no port, no dot at its end."""
        return re.sub(r":\d+$", "", self.host.lower()).removesuffix(".")


Rule = Callable[[Asked], bool]


class WrongRule(Exception):  # noqa: N818 - a sentence
    """Traefik would not take it."""


def _host(name: str) -> Rule:
    if not re.fullmatch(r"[a-zA-Z0-9_.-]+", name):
        raise WrongRule(f"{name} is no host name")
    return lambda asked: asked.name == name.lower().removesuffix(".")


def _host_regexp(pattern: str) -> Rule:
    compiled = re.compile(pattern)
    return lambda asked: compiled.search(asked.name) is not None


def _header(name: str, value: str) -> Rule:
    return lambda asked: asked.headers.get(name.lower()) == value


_MATCHERS: Mapping[str, Callable[..., Rule]] = {
    "Host": _host,
    "HostRegexp": _host_regexp,
    "Path": lambda path: lambda asked: asked.path == path,
    "PathPrefix": lambda prefix: lambda asked: asked.path.startswith(prefix),
    "Method": lambda method: lambda asked: asked.method == method.upper(),
    "Header": _header,
}


@v_args(inline=True)
class _Rules(Transformer):  # type: ignore[type-arg]
    def matcher(self, name: str, *texts: str) -> Rule:
        if name not in _MATCHERS:
            raise WrongRule(f"there is no matcher {name}")
        try:
            return _MATCHERS[name](*(text[1:-1] for text in texts))
        except (TypeError, re.error) as error:
            raise WrongRule(f"{name}: {error}") from None

    def never(self, one: Rule) -> Rule:
        return lambda asked: not one(asked)

    def both(self, *parts: Rule) -> Rule:
        return lambda asked: all(part(asked) for part in parts)

    def either(self, *parts: Rule) -> Rule:
        return lambda asked: any(part(asked) for part in parts)


_PARSER = Lark(_GRAMMAR, parser="lalr")


@cache
def read(rule: str) -> Rule:
    """Raises WrongRule, or lark's error for what is no rule at all."""
    from lark.exceptions import VisitError

    try:
        made: Rule = _Rules().transform(_PARSER.parse(rule))
    except VisitError as error:
        raise error.orig_exc from None
    return made

"""Which secrets there can be: `/sandbox/…` and `/dev-envs/<minted id>/…`. Whatever else is asked for is refused before anybody is asked."""

from __future__ import annotations

import re

from bot.vault.vault import PathRefused

SHARED, OWN = "/sandbox/", "/dev-envs/"
_PART = r"[a-z0-9][a-z0-9_-]{0,62}"
_MINTED = r"[0-9abcdefghjkmnpqrstvwxyz]{26}"
_PATH = re.compile(rf"(?:/sandbox|/dev-envs/{_MINTED})(?:/{_PART}){{1,6}}")
_ID = re.compile(_MINTED)
_SHOWN = 80


def checked(path: str) -> str:
    """The path itself. Raises PathRefused for every other spelling: no `..`, no wildcard, no upper case, nothing but ASCII."""
    if not is_environments(path):
        raise PathRefused(f"{path[:_SHOWN]!r} is no secret of an environment: there are {SHARED}… and {OWN}<id>/…")
    return path


def is_environments(path: str) -> bool:
    """Whether an environment may have it."""
    return bool(_PATH.fullmatch(path))


def is_minted(environment: str) -> bool:
    """Whether it can be the id of an environment."""
    return bool(_ID.fullmatch(environment))


def key(environment: str, number: int = 0) -> str:
    """Its API key; `number` is of which of them, since one that is lost is made anew. Raises PathRefused."""
    return _numbered(environment, "key", number)


def feed(environment: str, number: int = 0) -> str:
    """The password of its feed, made anew with its key and numbered as that is. Raises PathRefused."""
    return _numbered(environment, "feed", number)


def _numbered(environment: str, name: str, number: int) -> str:
    return own(environment, f"{name}-{number}" if number else name)


def own(environment: str, name: str = "") -> str:
    """A secret of one environment, or what all its paths begin with. Raises PathRefused for an id that was not minted."""
    if not is_minted(environment):
        raise PathRefused(f"{environment[:_SHOWN]!r} is no id of an environment")
    beginning = f"{OWN}{environment}/"
    return checked(beginning + name) if name else beginning

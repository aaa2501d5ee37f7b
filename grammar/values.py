"""Kinds of values: what a branch, a duration, an environment's name … may look like, and what to say when it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grammar.fold import fold
from grammar.mistakes import Code
from grammar.nearest import nearest
from grammar.until import Until, is_weekday
from grammar.until import read_until as _until
from grammar.words import split, unquoted


class BadValue(Exception):  # noqa: N818 - it is an answer, not an accident
    """The value is of the wrong type. `better` is the nearest right one; `at` is where in the value the mistake begins."""

    def __init__(self, message: str, better: str | None = None, code: Code = Code.BAD_VALUE, at: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.better = better
        self.code = code
        self.at = at


@dataclass(frozen=True)
class Kind:
    """`read` takes the text and gives the value or raises BadValue. `example` is a value to suggest where one is missing."""

    name: str
    read: Callable[[str], Any]
    example: str | None = None
    is_free: bool = False  # any words at all: several of them can only have been meant as one value
    is_sentence: bool = False  # takes words up to the next option


class Size(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class EnvironmentName:
    """How an environment was named: a slug (lower case), or a request's number, perhaps of a named project."""

    text: str
    slug: str | None = None
    request: int | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class BranchName:
    """`BRANCH` or `PROJECT:BRANCH`."""

    branch: str
    project: str | None = None


_MINUTES = {"w": 10080, "d": 1440, "h": 60, "m": 1}
_DURATION = re.compile(r"(?:([0-9]{1,6})w)?(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?\Z")
_LOOSE_PART = re.compile(r"([0-9]+(?:\.[0-9]{1,6})?)\s*([a-z]*)")
_DAYS = {"mo": 30, "y": 365}
_MOST_DIGITS = 6
_LONGEST_S = 36525 * 86400
_ENVIRONMENT = re.compile(r"(?:([A-Za-z0-9_.][A-Za-z0-9_./-]{0,99})?[#!]([1-9][0-9]{0,8})|([A-Za-z0-9][A-Za-z0-9-]{0,39}))\Z")
_NUMBER_OR_DURATION = re.compile(r"(?:[0-9]+[smhdw])+\Z|[0-9]+\Z", re.IGNORECASE)
_PROJECT = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./-]{0,99}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_PERSON = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_APPROVAL = re.compile(r"[a-z2-7]{8}\Z")
_SHA = re.compile(r"[0-9A-Fa-f]{7,40}\Z|[0-9A-Fa-f]{64}\Z")
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f ~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)|\A[-/.]|[/.]\Z|\A@\Z")
_LONGEST_BRANCH = 244
_LONGEST_TAIL = 10_000
_SHOWN = 60


def shown(text: str) -> str:
    """Clip what a person typed, for a sentence."""
    clipped = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return f'"{clipped}"' if "`" in clipped else f"`{clipped}`"


def read_branch(text: str) -> BranchName:
    head, colon, tail = text.partition(":")
    project, branch = (head, tail) if colon else (None, text)
    if project is not None and not _PROJECT.match(project):
        raise BadValue(f"{shown(text)} is not `PROJECT:BRANCH`.")
    if not branch or len(branch.encode(errors="replace")) > _LONGEST_BRANCH or _NO_BRANCH.search(branch) or _is_in_ticks(branch):
        raise BadValue(f"{shown(text)} cannot be the name of a branch.", _nearer(text, r"[^\w./:#+@-]+|^[-/.`]+|[`/.]+$", ""))
    return BranchName(branch, project)


def read_environment(text: str) -> EnvironmentName:
    found = _ENVIRONMENT.match(text)
    if found is None or _NUMBER_OR_DURATION.match(text):
        is_number = re.fullmatch(r"0*[1-9][0-9]{0,8}", text) is not None
        better = f"#{int(text)}" if is_number else _nearer(text.lower(), r"[^a-z0-9]+", "-")
        message = f"{shown(text)} does not name an environment: that is a slug (letters, digits and `-`), `#12`, `!12` or `PROJECT#12`."
        raise BadValue(message, better[:40].strip("-"))
    project, number, slug = found.groups()
    return EnvironmentName(text, slug.lower() if slug else None, int(number) if number else None, project)


def read_duration(text: str) -> int:
    """Give seconds."""
    found = _DURATION.match(text) if text else None
    numbers = found.groups() if found else ()
    minutes = sum(int(number) * minutes for number, minutes in zip(numbers, _MINUTES.values(), strict=False) if number)
    if found is None:
        raise BadValue(f"{shown(text)} is not a duration: say `45m`, `4h`, `2d`, `1w` or `1d12h`.", _duration_like(text))
    if minutes == 0:
        raise BadValue(f"{shown(text)} is no time at all.")
    if minutes * 60 > _LONGEST_S:
        raise BadValue(f"{shown(text)} is longer than a hundred years.")
    return minutes * 60


def read_until(text: str) -> Until:
    until = _until(text)
    if until is None:
        better = f"{text.lower()} 18:00" if is_weekday(text) else None
        raise BadValue(f'{shown(text)} is not a time: say `2030-01-31T18:00Z`, "18:00" or "fri 18:00".', better)
    return until


def read_size(text: str) -> Size:
    try:
        return Size(text)
    except ValueError:
        near = nearest(text, tuple(Size)) or {"s": "small", "m": "medium", "l": "large"}.get(text[:1].lower())
        raise BadValue(f"{shown(text)} is not a size: say `small`, `medium` or `large`.", near) from None


def read_tail(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) <= _LONGEST_TAIL:
        return int(text)
    better = str(_LONGEST_TAIL) if re.fullmatch(r"[0-9]+", text) and text.strip("0") else None
    raise BadValue(f"{shown(text)} is not a number of lines: say a whole number from 1 to {_LONGEST_TAIL}.", better)


def read_sha(text: str) -> str:
    if not _SHA.match(text):
        raise BadValue(f"{shown(text)} is not a commit: say 7 to 40 of its hexadecimal digits.")
    return text.lower()


def read_tilt_args(text: str) -> tuple[str, ...]:
    """Split as a command line is: folded, in words, out of their quotes."""
    folded = fold(text)
    words = split(folded.text)
    for word in words:
        if word.quote_at is not None:
            raise BadValue(
                "this quote inside the arguments for Tilt is never closed.",
                text + folded.text[word.quote_at],
                Code.UNCLOSED_QUOTE,
                folded.typed(word.quote_at),
            )
        if word.is_glued:
            raise BadValue("a word begins right after a quote: put a space between.", None, Code.EXTRA_WORD, folded.typed(word.start))
    return tuple(unquoted(folded.text[word.start : word.end]) for word in words)


def _named(pattern: re.Pattern[str], what: str, allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not pattern.match(text):
            better = _nearer(text, r"[^A-Za-z0-9._/-]+" if "/" in allowed else r"[^A-Za-z0-9._-]+", "-")
            raise BadValue(f"{shown(text)} cannot be the name of {what}: {allowed}.", better[:40].strip("-._/"))
        return text

    return read


def read_services(text: str) -> tuple[str, ...]:
    """`web,api` → both, each once."""
    names = [name.strip() for name in text.split(",")]
    if not all(_SERVICE.match(name) for name in names):
        better = ",".join(filter(None, (_nearer(name, r"[^A-Za-z0-9._-]+", "-") for name in names)))
        raise BadValue(f"{shown(text)} does not name services: say one, or several with commas between.", better or None)
    return tuple(dict.fromkeys(names))


def read_person(text: str) -> str:
    """Give the name without its `@`."""
    if not _PERSON.match(text):
        raise BadValue(f"{shown(text)} does not name a person: say `@name`.", f"@{text}" if _PERSON.match(f"@{text}") else None)
    return text[1:]


def read_approval(text: str) -> str:
    if not _APPROVAL.match(text.lower()):
        raise BadValue(f"{shown(text)} is not the id of a request: it has eight letters and digits.")
    return text.lower()


def read_text(text: str) -> str:
    if not text.strip():
        raise BadValue("there is nothing in it.")
    return text


def _nearer(text: str, wrong: str, instead: str) -> str:
    return re.sub(wrong, instead, text[:80]).strip("-")


def _is_in_ticks(text: str) -> bool:
    return text.startswith("`") or text.endswith("`")


def _duration_like(text: str) -> str | None:
    """`48` → `48h`, `+24H` → `24h`, `1.5h` → `90m`, `2 days` → `2d`, `3 months` → `90d`, `12h1d` → `1d12h`."""
    counts = dict.fromkeys(_MINUTES, 0.0)
    for number, word in _LOOSE_PART.findall(text[:40].lower()):
        days = next((days for begin, days in _DAYS.items() if word.startswith(begin)), 0)
        unit = "d" if days else word[:1] or "h"
        if unit not in counts or len(number.partition(".")[0]) > _MOST_DIGITS:
            return None
        counts[unit] += float(number) * (days or 1)
    if any(count != int(count) for count in counts.values()):
        counts = {"m": round(sum(count * _MINUTES[unit] for unit, count in counts.items()))}
    return "".join(f"{int(count)}{unit}" for unit, count in counts.items() if count) or None


BRANCH = Kind("branch", read_branch)
PROJECT = Kind("project", _named(_PROJECT, "a project", "letters, digits, `.`, `_`, `-` and `/` are"))
NAME = Kind("name", _named(_NAME, "an environment", "letters, digits, `.`, `_` and `-` are, 40 at most"))
SERVICE = Kind("service", _named(_SERVICE, "a service", "letters, digits, `.`, `_` and `-` are"))
SERVICES = Kind("services", read_services, example="web,api")
PROFILE = Kind("profile", _named(_NAME, "a profile", "letters, digits, `.`, `_` and `-` are, 40 at most"))
DATASET = Kind("dataset", _named(_NAME, "a dataset", "letters, digits, `.`, `_` and `-` are, 40 at most"), example="demo")
TEAM = Kind("team", _named(_PROJECT, "a team", "letters, digits, `.`, `_`, `-` and `/` are"), example="all")
ENVIRONMENT = Kind("environment", read_environment)
DURATION = Kind("duration", read_duration, example="48h")
UNTIL = Kind("until", read_until, example='"fri 18:00"', is_free=True)
SIZE = Kind("size", read_size, example="medium")
SHA = Kind("sha", read_sha)
PERSON = Kind("person", read_person, example="@grace")
APPROVAL = Kind("approval", read_approval)
TAIL = Kind("tail", read_tail, example="100")
TILT_ARGS = Kind("tilt arguments", read_tilt_args, example='"--only web"', is_free=True)
TEXT = Kind("text", read_text, example='"why"', is_free=True, is_sentence=True)

"""Refusals about locks, vetoes and freezes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from bot.domain.artifact import Artifact
from bot.domain.catalogue import MONO, Catalogue
from bot.domain.deployment import Lock
from bot.domain.errors import UserError
from bot.domain.prose import Block, Code, Items, Mention, Strong, line
from bot.domain.scopes import ALL, NotOne, Scope
from bot.replies.locks import scope_words, unlock_line, until
from bot.replies.vetoes import version

MOST_SHOWN = 5
_MOST_NAMED = 20


def _scopes(known: Iterable[str], catalogue: Catalogue) -> list[str]:
    """What may be locked: of services and groups only those that one may know of."""
    return [*(each.key for each in catalogue.in_order()), *(each for each in known if each != MONO), ALL]


def _lines(verb: str, scopes: Iterable[str]) -> tuple[Block, ...]:
    return (Items(tuple(line(Code(f"/sled {verb} {each}")) for each in scopes)),)


def which_scope(verb: str, known: Sequence[str], catalogue: Catalogue) -> UserError:
    return UserError("which_scope", f"{verb.capitalize()} what?", more=_lines(verb, _scopes(known, catalogue)[:_MOST_NAMED]))


def no_scope(found: NotOne, verb: str, known: Sequence[str], catalogue: Catalogue) -> UserError:
    if found.meant:
        return UserError("which_scope", Code(found.word), " is several things. Which one?", more=_lines(verb, map(str, found.meant)))
    scopes = _scopes(known, catalogue)
    near = difflib.get_close_matches(found.word, scopes, n=3, cutoff=0.4)
    words = ". Did you mean:" if near else ". There is:"
    head = ("There is no environment, group or service ", Code(found.word), words)
    return UserError("unknown_scope", *head, more=_lines(verb, near or scopes[:_MOST_NAMED]))


def covers_more(scope: Scope, verb: str, known: Sequence[str], place: str) -> UserError:
    """`known`: services and groups that one may know of; `place`: the environment that the scope is about, else ""."""
    inside = f":{place}" if place else ""
    ways = [f"{each}{inside}" for each in known if each != MONO][:MOST_SHOWN]
    head = (Strong(scope.words), " covers services of others too. You may do that for:" if ways else " covers services of others.")
    return UserError("not_allowed", *head, more=_lines(verb, ways) if ways else ())


def why_lock(said: str) -> UserError:
    return UserError("missing_value", "Why? Whoever has to wait reads it: ", Code(f"{said.rstrip()} --reason …"))


def why_veto(said: str) -> UserError:
    return UserError("missing_value", "Why? Whoever wants to deploy it reads it: ", Code(f"{said.rstrip()} --reason …"))


def locked_already(lock: Lock) -> UserError:
    what = " bears a warning of " if lock.is_warning else " is locked by "
    head = (Strong(scope_words(lock)), what, Mention(lock.owner), " ", *until(lock), f": {lock.reason}")
    return UserError("locked", *head, more=(line("When that cannot wait: ", unlock_line(lock)),))


def not_locked(scope: Scope, live: Sequence[Lock]) -> UserError:
    rows = Items(tuple(line(unlock_line(each), f" - {each.owner.name}: {each.reason}") for each in live[:_MOST_NAMED]))
    more = (line("Locked is:"), rows) if live else ()
    return UserError("not_locked", Strong(scope.words), " is not locked.", more=more)


def which_version(verb: str, newest: Sequence[Artifact] = ()) -> UserError:
    if not newest:
        return UserError("which_artifact", "Which version? Name the service with its commit: ", Code(f"/sled {verb} SERVICE@COMMIT"))
    rows = Items(tuple(line(Code(f"/sled {verb} {version(each)}"), f" {each.title}".rstrip()) for each in newest))
    return UserError("which_artifact", "Which version? The newest are:", more=(rows,))


def not_vetoed(artifact: Artifact) -> UserError:
    return UserError("not_vetoed", Code(version(artifact)), " is not vetoed.")

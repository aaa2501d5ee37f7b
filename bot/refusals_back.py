"""Refusals about going back to what ran before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.errors import UserError
from bot.domain.prose import Block, Code, Span, Strong, Text, line


def _history(services: Sequence[str], place: SharedEnvironment) -> Block:
    return line("What there was: ", Code(f"/sled history {' '.join(services)} --in {place.key}"))


def _names(services: Sequence[str]) -> Strong:
    return Strong(", ".join(services))


def why_veto(said: str) -> UserError:
    return UserError("missing_value", "Why? Whoever wants to deploy that version reads it: ", Code(f"{said.rstrip()} --reason …"))


def nothing_runs(services: Sequence[str], place: SharedEnvironment) -> UserError:
    return UserError("nothing_before", "Nothing of ", _names(services), f" runs in {place.key}, so there is nothing to take back.")


def nothing_before(lost: Sequence[str], others: Sequence[str], runs: Mapping[str, Artifact | None], place: SharedEnvironment) -> UserError:
    """`others` would go back if they were named alone."""
    head: list[Span] = [Text("Nothing that could come back ran in "), Strong(place.key), Text(" before what runs there now of ")]
    for at, service in enumerate(lost):
        artifact = runs[service]
        head += [Text(", " if at else ""), Strong(service), *((Text(" ("), Code(artifact.commit[:8]), Text(")")) if artifact else ())]
    head.append(Text(". What was a beta, is vetoed, or is not merged where only that runs does not come back."))
    more = [line("The others: ", Code(f"/sled rollback {' '.join(others)} --to {place.key}"))] if others else []
    return UserError("nothing_before", *head, more=(*more, _history(lost, place)))


def no_such_deploy(number: int, services: Sequence[str], place: SharedEnvironment) -> UserError:
    head = (f"Deploy {number} did not bring ", _names(services), f" to {place.key}, or did not end well.")
    return UserError("no_deploy", *head, more=(_history(services, place),))


def did_not_bring(number: int, missing: Sequence[str], brought: Sequence[str], place: SharedEnvironment) -> UserError:
    some = line("What it brought: ", Code(f"/sled rollback {' '.join(brought)} --to {place.key} --to-deploy {number}"))
    return UserError("no_deploy", f"Deploy {number} did not bring ", _names(missing), f" to {place.key}.", more=(some,))


def runs_already(number: int, services: Sequence[str], place: SharedEnvironment) -> UserError:
    head = (f"What deploy {number} brought of ", _names(services), f" runs in {place.key} now: there is nothing to take back.")
    return UserError("runs_already", *head, more=(_history(services, place),))


def not_merged(artifact: Artifact, place: SharedEnvironment) -> UserError:
    head = (Strong(f"{artifact.service}@{artifact.commit[:8]}"), f" is not merged, and {place.key} takes only what is.")
    return UserError("not_merged", *head, more=(_history([artifact.service], place),))

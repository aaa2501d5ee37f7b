"""Holding rows, machines, states and branches against each other. Values in, values out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.environment import State
from bot.domain.strays import Kind, Stray
from bot.store.strays import Held
from provisioner.machines import Machine

_FEW = 3
"""So many rows may be without a machine when there is no machine at all; more is a mistake in where we look."""


@dataclass(frozen=True)
class Seen:
    """`of_state` are the machines in the states of environments that have several; `heads` the branches of projects that could be asked.

    `machineless` are engines that make no machine there.
    """

    rows: Mapping[str, Held]
    machines: Sequence[Machine]
    states: frozenset[str]
    of_state: Mapping[str, frozenset[str]] = field(default_factory=dict)
    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    machineless: frozenset[str] = frozenset()


def by_environment(machines: Sequence[Machine]) -> Mapping[str, Sequence[Machine]]:
    found = defaultdict(list)
    for each in machines:
        found[each.environment].append(each)
    return found


def compare(seen: Seen) -> Sequence[Stray]:
    """All that has no counterpart."""
    return [*_machines(seen), *_rows(seen), *_states(seen), *_branches(seen)]


def _machines(seen: Seen) -> Iterator[Stray]:
    for environment, machines in by_environment(seen.machines).items():
        row = seen.rows.get(environment)
        for each in machines:
            if row is None:
                yield _of(Kind.UNKNOWN, each)
            elif not row.is_live:
                yield _of(Kind.LEFT, each)
            elif len(machines) > 1 and _is_twin(each, machines, seen.of_state.get(environment, frozenset())):
                yield _of(Kind.TWIN, each)


def _is_twin(machine: Machine, all_of_it: Sequence[Machine], known: frozenset[str]) -> bool:
    """Only where the state knows one of them can it be said which is too many."""
    return machine.id not in known and any(each.id in known for each in all_of_it)


def _rows(seen: Seen) -> Iterator[Stray]:
    having = {each.environment for each in seen.machines}
    theirs = [each for each in seen.rows.values() if each.engine not in seen.machineless]
    bare = [each for each in theirs if each.id not in having and each.is_wanted and each.is_settled]
    ready = [each for each in bare if each.state == State.READY]
    if seen.machines or len(ready) <= _FEW:
        yield from (_row(Kind.BARE, each) for each in ready)
    yield from (_row(Kind.EMPTY, each) for each in bare if each.state == State.FAILED and each.id not in seen.states)


def _states(seen: Seen) -> Iterator[Stray]:
    having = {each.environment for each in seen.machines}
    for environment in sorted(seen.states - having):
        row = seen.rows.get(environment)
        if row is None or not row.is_live:
            yield Stray(kind=Kind.STATE, subject=environment, environment=environment)


def _branches(seen: Seen) -> Iterator[Stray]:
    for each in seen.rows.values():
        is_followed = each.is_live and each.is_own and each.is_wanted and not each.is_kept and each.ref.startswith("refs/heads/")
        if is_followed and each.project in seen.heads and each.ref not in seen.heads[each.project]:
            yield _row(Kind.BRANCH, each)


def _of(kind: Kind, machine: Machine) -> Stray:
    return Stray(kind=kind, subject=machine.id, environment=machine.environment, slug=machine.slug, project=machine.project)


def _row(kind: Kind, row: Held) -> Stray:
    return Stray(kind=kind, subject=row.id, environment=row.id, slug=row.slug, project=row.project)

"""The gates of a service: what others have to say of an artifact before it may go anywhere. Judges what they said; asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.deployment import RolloutKind
from bot.domain.message import Person

PATIENCE_S = 2 * 3600.0
"""How long a deployment waits for whoever has not said yet."""
_SOONEST_S, _LATEST_S = 10.0, 60.0


class Gate(StrEnum):
    CI = "ci"  # all that checked its commit passed
    REVIEW = "review"  # its request was approved by somebody who may write and is not its author
    CONTRACTS = "contracts"  # whoever calls what runs there can call it, too


class Lack(StrEnum):
    """What is missing."""

    FAILED = "failed"
    UNCHECKED = "unchecked"
    RUNNING = "running"
    NO_REQUEST = "no_request"
    UNAPPROVED = "unapproved"
    BREAKS = "breaks"
    NO_CONTRACT = "no_contract"
    UNREADABLE = "unreadable"
    CANNOT_COMPARE = "cannot_compare"
    AWAY = "away"  # whoever knows could not be asked
    UNASKED = "unasked"  # what was said is of something else than what is there now


_NOT_YET = frozenset({Lack.RUNNING, Lack.AWAY, Lack.UNASKED})

_PASSED_BY: dict[RolloutKind, frozenset[Gate]] = {
    RolloutKind.ROLLBACK: frozenset(Gate),  # both go back to what ran there
    RolloutKind.RELEASE: frozenset(Gate),
    RolloutKind.BETA: frozenset({Gate.REVIEW}),  # it is shown before it is reviewed
}


@dataclass(frozen=True)
class Checks:
    """What the forge says of a commit's checks, by name."""

    failed: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reviewed:
    """A request that brought a commit, and who approved it, of those whose word counts in its project."""

    number: int
    author: Person | None
    approvers: tuple[Person, ...] = ()


@dataclass(frozen=True)
class Word:
    """What a gate says of an artifact. `lack` None: it may pass. `named` are checks, lines that break, or why nobody could say.

    `against` is the artifact with which contracts were compared: what ran there when it was asked.
    """

    gate: Gate
    lack: Lack | None = None
    named: tuple[str, ...] = ()
    request: int | None = None
    artifact_id: str = ""
    against: str = ""

    @property
    def may_come(self) -> bool:
        """It says no so far, and may say yes by itself."""
        return self.lack in _NOT_YET


def of_checks(checks: Checks) -> Word:
    if checks.failed:
        return Word(Gate.CI, Lack.FAILED, checks.failed)
    if checks.running:
        return Word(Gate.CI, Lack.RUNNING, checks.running)
    return Word(Gate.CI, None if checks.passed else Lack.UNCHECKED)


def of_reviews(requests: Sequence[Reviewed]) -> Word:
    """One request that brought it and was approved is enough. Without an author nobody can be said to be another."""
    if not requests:
        return Word(Gate.REVIEW, Lack.NO_REQUEST)
    for each in requests:
        if each.author and any(approver.id != each.author.id for approver in each.approvers):
            return Word(Gate.REVIEW, request=each.number)
    return Word(Gate.REVIEW, Lack.UNAPPROVED, request=requests[0].number)


def wanted(gates: Iterable[Gate], kind: RolloutKind) -> tuple[Gate, ...]:
    """Those that an act of this kind has to pass."""
    passed_by = _PASSED_BY.get(kind, frozenset())
    return tuple(each for each in gates if each not in passed_by)


def shut(gates: Iterable[Gate], words: Iterable[Word], artifact_id: str, running_id: str) -> tuple[Word, ...]:
    """Those of `gates` that do not let it pass, what cannot change by itself first. Said of another artifact counts for nothing."""
    said = {each.gate: each for each in words if each.artifact_id == artifact_id}
    found = [_now(said.get(gate) or Word(gate, Lack.UNASKED), running_id) for gate in gates]
    return tuple(sorted((each for each in found if each.lack), key=lambda each: each.may_come))


def _now(word: Word, running_id: str) -> Word:
    is_about_another = word.gate is Gate.CONTRACTS and word.against != running_id and word.lack is not Lack.AWAY
    return replace(word, lack=Lack.UNASKED, named=()) if is_about_another else word


def again_at(since: float, now: float) -> float:
    """When to ask again what may have come by then: soon at first."""
    return now + min(max((now - since) / 4, _SOONEST_S), _LATEST_S)

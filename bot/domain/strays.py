"""What has no counterpart (machines, rows, states, branches) and when something is done about it. Nothing is done here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    LEFT = "left"  # a machine whose environment or spare is gone
    UNKNOWN = "unknown"  # a machine that no row tells of
    TWIN = "twin"  # a second machine of one environment, which its state does not know
    BARE = "bare"  # an environment that should have a machine and has none
    EMPTY = "empty"  # one that failed, of which nothing is left
    STATE = "state"  # a state without a row that lives, and without a machine
    BRANCH = "branch"  # an environment whose branch the forge does not have


class Act(StrEnum):
    WAIT = "wait"  # it may be on its way
    TELL = "tell"  # somebody has to look
    ADOPT = "adopt"
    REMAKE = "remake"
    ASK = "ask"
    CLOSE = "close"
    DESTROY = "destroy"

    @property
    def ends(self) -> bool:
        """Whether something is less afterwards."""
        return self in {Act.CLOSE, Act.DESTROY}


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: `subject` is a machine's id, else the environment's. The looks that found it are counted from `first_seen_at`."""

    kind: Kind
    subject: str
    environment: str
    slug: str = ""
    project: str = ""
    is_known: bool = False  # the engine remembers what it is, though no row does
    first_seen_at: float = 0
    last_seen_at: float = 0
    looks: int = 0
    asked_at: float | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How the last look came out that saw all; `problem` is what has been in the way since, "" when nothing is."""

    at: float
    took_s: float
    machines: int
    rows: int
    states: int
    problem: str = ""


@dataclass(frozen=True)
class Patience:
    """How long each waits before anything is done about it. `unknown_s` 0: a machine that nobody knows is only told of."""

    grace_s: float
    asked_s: float
    state_s: float
    unknown_s: float
    most_at_once: int


_FIRST_S = 60.0
"""Two looks that are nearer to each other are one."""


def seen_again(before: Stray | None, found: Stray, now: float) -> Stray:
    """The same, one look later; the word that was given its owner is not forgotten."""
    if before is None:
        return msgspec.structs.replace(found, first_seen_at=now, last_seen_at=now, looks=1)
    looks = before.looks + (now - before.last_seen_at >= _FIRST_S)
    last = now if looks > before.looks else before.last_seen_at
    return msgspec.structs.replace(found, first_seen_at=before.first_seen_at, last_seen_at=last, looks=looks, asked_at=before.asked_at)


def verdict(stray: Stray, patience: Patience, now: float) -> Act:
    """What its time has come for."""
    act, waits_s, since = _due(stray, patience)
    return act if stray.looks > 1 and now - since >= waits_s else Act.WAIT


def _due(stray: Stray, patience: Patience) -> tuple[Act, float, float]:
    """What is done about it, how long that waits, and from when."""
    since = stray.first_seen_at
    if stray.kind is Kind.BRANCH and stray.asked_at is not None:
        return Act.CLOSE, patience.asked_s, stray.asked_at
    if stray.is_known:
        return (Act.ADOPT if stray.kind is Kind.UNKNOWN else Act.TELL), 0, since
    acts = {
        Kind.UNKNOWN: (Act.DESTROY, patience.unknown_s) if patience.unknown_s else (Act.TELL, 0.0),
        Kind.BRANCH: (Act.ASK, 0.0),
        Kind.BARE: (Act.REMAKE, _SOON_S),
        Kind.EMPTY: (Act.CLOSE, patience.grace_s),
        Kind.STATE: (Act.DESTROY, patience.state_s),
        Kind.LEFT: (Act.DESTROY, patience.grace_s),
        Kind.TWIN: (Act.DESTROY, patience.grace_s),
    }
    return *acts[stray.kind], since


_SOON_S = 300.0
"""EC2 does not list at once what it has just made; whoever visits an environment that has no machine is not to wait for longer."""


def in_turn(found: Sequence[tuple[Stray, Act]], most: int) -> Sequence[tuple[Stray, Act]]:
    """All that is to be done now; of what ends something the oldest only: a mistake of ours or of the cloud's does not end everything."""
    ending = sorted((each for each in found if each[1].ends), key=lambda each: each[0].first_seen_at)[:most]
    return [each for each in found if not each[1].ends and each[1] not in {Act.WAIT, Act.TELL}] + ending

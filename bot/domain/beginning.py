"""May a deployment begin? Vetoes, gates, locks, freezes, holds, the order of environments, and the queue of its service there.

Asked at the command, and again in the transaction that claims: only what is still true at its turn counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.domain.catalogue import SharedEnvironment
from bot.domain.deployment import Deployment, DeploymentState, Lock, Rollout, RolloutKind, Slot, Veto, Waits
from bot.domain.freezes import Freeze, Window, frozen_by, next_freeze
from bot.domain.gates import PATIENCE_S as GATES_S
from bot.domain.gates import Gate, Word, again_at, shut, wanted
from bot.domain.scopes import Scope

PATIENCE_S = 4 * 3600.0
"""Who waited longer is asked before it begins: it is another day, and others have gone on."""
WORD_S = 24 * 3600.0
"""How long such a question stands."""

SOON_S = 3600.0
"""How long before it begins whoever deploys is told of a freeze."""

_PASSING_FREEZES = frozenset({RolloutKind.ROLLBACK})
_PASSING_ORDER = frozenset({RolloutKind.ROLLBACK, RolloutKind.RELEASE})  # both go back to what ran there
_AT_WORK = frozenset({DeploymentState.RUNNING, DeploymentState.VERIFYING})
_ENDED_WAITS = frozenset({Waits.LOCK, Waits.FREEZE, Waits.TURN})


@dataclass(frozen=True)
class Facts:
    """What is so at this moment.

    `identities` are all accounts of whoever asked, as `github:7`. `running` is the deployment that `slot` names. `others` are those that
    are not over and share the slot or the rollout. `has_run_before`: the artifact runs or ran in the environment that comes before.
    `words`: what the service's `gates` said just before, outside of this transaction.
    """

    environment: SharedEnvironment
    groups: tuple[str, ...] = ()
    identities: frozenset[str] = frozenset()
    locks: tuple[Lock, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    veto: Veto | None = None
    slot: Slot | None = None
    running: Deployment | None = None
    others: tuple[Deployment, ...] = ()
    has_run_before: bool = True
    is_merged: bool = True
    gates: tuple[Gate, ...] = ()
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """The environment in which it should have run first."""

    environment: str


@dataclass(frozen=True)
class Asks:
    """Another person has to say yes, in one of these roles; none: that is not a matter of roles."""

    roles: tuple[str, ...] = ()


Obstacle = Lock | Window | Skipped | Word


@dataclass(frozen=True)
class Go:
    """`forced_past` is what only `--force` passed, to be recorded and announced; `warnings` are locks that stop nobody.

    `closing`: the freeze that begins within the hour. What has begun by then ends.
    """

    forced_past: tuple[Obstacle, ...] = ()
    warnings: tuple[Lock, ...] = ()
    closing: Window | None = None


@dataclass(frozen=True)
class Wait:
    """`until` is when to look again by the clock; None: somebody rings when it is over (`because` ends)."""

    waits: Waits
    because: Lock | Window | Deployment | Word | Asks | None = None
    until: float | None = None


@dataclass(frozen=True)
class Refuse:
    """`code`: vetoed, not_merged, held, order, superseded, unanswered, or that of a gate: gate_ci."""

    code: str
    because: Veto | Slot | Skipped | Deployment | Word | None = None


Answer = Go | Wait | Refuse


@dataclass(frozen=True)
class _Asked:
    deployment: Deployment
    rollout: Rollout
    facts: Facts
    now: float
    stopping: tuple[Lock, ...] = ()
    frozen: Window | None = None
    shut: tuple[Word, ...] = ()

    @property
    def is_automatic(self) -> bool:
        return self.rollout.kind is RolloutKind.CONTINUOUS

    @property
    def slot(self) -> tuple[str, str]:
        return self.deployment.service, self.deployment.environment


def may_begin(deployment: Deployment, rollout: Rollout, facts: Facts, now: float) -> Answer:
    """What stands against it, the worst first."""
    covering = tuple(covers_now(facts.locks, deployment.service, deployment.environment, facts.groups, now))
    stopping = tuple(each for each in covering if not each.is_warning and not facts.identities.intersection(each.identities))
    frozen = None if rollout.kind in _PASSING_FREEZES else frozen_by(facts.freezes, now)
    asked = _Asked(deployment, rollout, facts, now, stopping, frozen, _shut(deployment, rollout, facts))
    if (refusal := _refused(asked)) is not None:
        return refusal
    if not rollout.is_forced and (wait := _stopped(asked)) is not None:
        return wait
    if (wait := _behind(asked) or _unsure(asked)) is not None:
        return wait
    skipped = (Skipped(facts.environment.after),) if _skips(asked) else ()
    forced = (*stopping, *((frozen,) if frozen else ()), *skipped, *asked.shut)
    ahead = next_freeze(facts.freezes, now)
    closing = ahead if ahead and ahead.begin - now <= SOON_S else None
    return Go(forced, tuple(each for each in covering if each.is_warning), closing)


def may_be_planned(deployment: Deployment, rollout: Rollout, facts: Facts, now: float) -> Wait | Refuse | None:
    """What its gates have against it. Asked of all of a rollout before any of it begins."""
    asked = _Asked(deployment, rollout, facts, now, shut=_shut(deployment, rollout, facts))
    return None if rollout.is_forced or rollout.plan_only else _no_of_gates(asked) or _not_yet_of_gates(asked)


def _shut(deployment: Deployment, rollout: Rollout, facts: Facts) -> tuple[Word, ...]:
    running = facts.slot.artifact_id if facts.slot else ""
    return shut(wanted(facts.gates, rollout.kind), facts.words, deployment.artifact_id, running)


def covers_now(locks: Iterable[Lock], service: str, environment: str, groups: Iterable[str], now: float) -> list[Lock]:
    """Those that hold now and are about this service there, the most specific first, then the oldest."""
    groups = tuple(groups)
    found = [(Scope.stored(each.scope), each) for each in locks if is_held(each, now)]
    about = [(scope.breadth, each.created_at, each.id, each) for scope, each in found if scope.covers(service, environment, groups)]
    return [each for *_, each in sorted(about, key=lambda row: row[:3])]


def is_held(lock: Lock, now: float) -> bool:
    return lock.released_at is None and (lock.expires_at is None or now < lock.expires_at)


def _refused(asked: _Asked) -> Refuse | None:
    facts, rollout = asked.facts, asked.rollout
    if (never := _never(asked)) is not None:
        return never
    if asked.is_automatic:
        if facts.slot is not None and facts.slot.held_by is not None:
            return Refuse("held", facts.slot)
        if (newer := _overtaken_by(asked)) is not None:
            return Refuse("superseded", newer)
    if _skips(asked) and not rollout.is_forced:
        return Refuse("order", Skipped(facts.environment.after))
    deployment = asked.deployment
    if deployment.waits_for is Waits.WORD and asked.now >= _since(deployment) + WORD_S:
        return Refuse("unanswered")
    return None if rollout.is_forced else _no_of_gates(asked)


def _no_of_gates(asked: _Asked) -> Refuse | None:
    """A no that will not change by itself, and a yes that did not come in all the time there was."""
    since = _since(asked.deployment) if asked.deployment.waits_for is Waits.CHECKS else asked.now
    is_late = asked.now >= since + GATES_S
    found = next((each for each in asked.shut if is_late or not each.may_come), None)
    return Refuse(f"gate_{found.gate}", found) if found else None


def _not_yet_of_gates(asked: _Asked) -> Wait | None:
    if not asked.shut:
        return None
    since = _since(asked.deployment) if asked.deployment.waits_for is Waits.CHECKS else asked.now
    return Wait(Waits.CHECKS, asked.shut[0], again_at(since, asked.now))


def _never(asked: _Asked) -> Refuse | None:
    """What is about the artifact itself. What ran there may come back, wherever its branch has gone since."""
    facts = asked.facts
    if facts.veto is not None and facts.veto.lifted_at is None:
        return Refuse("vetoed", facts.veto)
    is_strange = facts.environment.merged_only and not facts.is_merged and asked.rollout.kind is not RolloutKind.ROLLBACK
    return Refuse("not_merged") if is_strange else None


def _skips(asked: _Asked) -> bool:
    facts = asked.facts
    return bool(facts.environment.after) and not facts.has_run_before and asked.rollout.kind not in _PASSING_ORDER


def _stopped(asked: _Asked) -> Wait | None:
    if asked.stopping:
        lock = asked.stopping[0]
        return Wait(Waits.LOCK, lock, lock.expires_at)
    return Wait(Waits.FREEZE, asked.frozen, asked.frozen.end) if asked.frozen else _not_yet_of_gates(asked)


def _behind(asked: _Asked) -> Wait | None:
    """Stages of its own rollout before, whoever works on this service there now, and those who asked earlier and could begin too."""
    own, others = asked.deployment, asked.facts.others
    stages = [each for each in others if each.rollout_id == own.rollout_id and each.stage < own.stage and not each.is_over]
    if stages:
        return Wait(Waits.STAGE, min(stages, key=lambda each: (each.stage, each.number)))
    ahead = sorted(_ahead(asked), key=lambda each: each.number)
    if ahead:
        return Wait(Waits.TURN, ahead[-1])
    if asked.facts.slot is not None and asked.facts.slot.claimed_by not in {"", own.id}:
        return Wait(Waits.TURN)
    return None


def _ahead(asked: _Asked) -> Iterator[Deployment]:
    for each in asked.facts.others:
        if each.id == asked.deployment.id or (each.service, each.environment) != asked.slot or each.is_over:
            continue
        is_earlier = each.number < asked.deployment.number and each.is_wanted
        if each.state in _AT_WORK or (is_earlier and _stands_in_line(each, asked)):
            yield each


def _stands_in_line(other: Deployment, asked: _Asked) -> bool:
    """Whether one that asked earlier is only waiting for its turn. One that waits for what does not stop this one is passed by."""
    if other.state is DeploymentState.QUEUED:
        return True
    match other.waits_for:
        case Waits.TURN:
            return True
        case Waits.LOCK:  # once the lock is gone it is about to begin, whether it was looked at or not
            return not any(_holds_back(lock, asked) for lock in asked.facts.locks)
        case Waits.FREEZE:
            return frozen_by(asked.facts.freezes, asked.now) is None
        case _:
            return False


def _holds_back(lock: Lock, asked: _Asked) -> bool:
    covered = covers_now((lock,), *asked.slot, asked.facts.groups, asked.now)
    return bool(covered) and not lock.is_warning


def _unsure(asked: _Asked) -> Wait | None:
    """Its turn has come, but things are not as they were when it was asked for: whoever asked has to say so again."""
    deployment = asked.deployment
    if asked.is_automatic:
        return None
    since = _since(deployment)
    if deployment.waits_for is Waits.WORD:
        return Wait(Waits.WORD, _overtaken_by(asked), since + WORD_S)
    is_late = deployment.waits_for in _ENDED_WAITS and asked.now > since + PATIENCE_S
    overtaken = _overtaken_by(asked)
    return Wait(Waits.WORD, overtaken, asked.now + WORD_S) if is_late or overtaken else None


def _overtaken_by(asked: _Asked) -> Deployment | None:
    """What runs there by now, when it was asked for later and begun earlier."""
    running, slot = asked.facts.running, asked.facts.slot
    if running is None or slot is None or running.number < asked.deployment.number:
        return None
    return running if running.id != asked.deployment.id and slot.since > _since(asked.deployment) else None


def _since(deployment: Deployment) -> float:
    return deployment.created_at if deployment.waits_since is None else deployment.waits_since

"""A deployment: one artifact of one service to one shared environment; and the rollout that it is part of.

Times are seconds since the epoch, by the database's clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import msgspec

from bot.domain.errors import WrongMove
from bot.domain.message import Person, Thread


class DeploymentState(StrEnum):
    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    PLANNED = "planned"  # only its plan was asked for


_RUN_ENDS = frozenset({DeploymentState.SUCCEEDED, DeploymentState.FAILED, DeploymentState.ROLLED_BACK, DeploymentState.CANCELLED})
_ENDS = _RUN_ENDS | {DeploymentState.PLANNED}

MOVES: dict[DeploymentState, frozenset[DeploymentState]] = {
    DeploymentState.QUEUED: frozenset(
        {
            *(DeploymentState.WAITING, DeploymentState.RUNNING, DeploymentState.PLANNED),
            *(DeploymentState.FAILED, DeploymentState.CANCELLED),
        }
    ),
    DeploymentState.WAITING: frozenset(
        {DeploymentState.QUEUED, DeploymentState.PLANNED, DeploymentState.FAILED, DeploymentState.CANCELLED}
    ),
    DeploymentState.RUNNING: frozenset(
        {
            *(DeploymentState.VERIFYING, DeploymentState.QUEUED),
            *(DeploymentState.FAILED, DeploymentState.ROLLED_BACK, DeploymentState.CANCELLED),
        }
    ),
    DeploymentState.VERIFYING: _RUN_ENDS | {DeploymentState.QUEUED},
    **dict.fromkeys(_ENDS, frozenset()),
}
"""What may follow what. One that waited is queued again: whatever it waited for is asked anew at its turn. So is one that began but found
that what is there is not what its plan was made for."""


class Waits(StrEnum):
    """What a waiting deployment waits for."""

    TURN = "turn"  # another deployment of this service to this environment
    STAGE = "stage"  # a stage of its rollout before
    LOCK = "lock"
    FREEZE = "freeze"
    APPROVAL = "approval"
    CHECKS = "checks"  # CI or the forge have not said yet
    WORD = "word"  # whoever asked for it: it waited long, or was overtaken, and does not begin by itself any more


class RolloutKind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    PROMOTE = "promote"
    BETA = "beta"
    RELEASE = "release"
    CONTINUOUS = "continuous"  # by itself, because main moved


class RolloutState(StrEnum):
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PLANNED = "planned"


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One act: what one command asked for. Its deployments go stage by stage; when one fails, what has not begun does not begin."""

    id: str
    number: int = 0  # what people call it
    kind: RolloutKind
    environment: str
    words: str  # what was asked for: "payments@4fd1c0e9", "shop-core"
    person: Person
    thread: Thread
    reason: str = ""
    is_forced: bool = False
    plan_only: bool = False
    state: RolloutState = RolloutState.OPEN
    code: str = ""
    approval_id: str = ""
    created_at: float
    ended_at: float | None = None


class Change(msgspec.Struct, frozen=True):
    """One thing that a plan creates, changes, keeps or removes, as libdeploy tells it."""

    action: str
    driver: str
    key: str
    fields: tuple[str, ...] = ()


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One row. The first part is what is wanted; the second how it goes, written by whoever holds the lease."""

    id: str
    number: int = 0  # what people call it: `logs 17`
    rollout_id: str
    stage: int = 0  # its place in the rollout: all of a stage before have to end well first
    service: str
    environment: str
    artifact_id: str
    follows: str = ""  # what was asked for where that moves on: "merged", "latest", "!12"; "": this very artifact
    is_wanted: bool = True  # False: somebody cancelled it, or a stage before it failed
    created_at: float

    state: DeploymentState = DeploymentState.QUEUED
    waits_for: Waits | None = None
    waits_why: str = ""  # a sentence's end that names it: "the lock on prod of dana (release week)"
    waits_since: float | None = None
    plan_hash: str = ""
    base: str = ""  # the fingerprint of what was there when it was planned; "" until somebody looked
    changes: tuple[Change, ...] = ()
    items: int = 0  # how many things its plan wants
    made: int = 0  # how many of its changes are made so far
    previous_id: str = ""  # the deployment that is gone back to when this one fails
    plannings: int = 0  # how often it was planned anew, because what it was planned for had moved
    run_id: str = ""  # of the runner: grows a suffix with each new run
    outcome: str = ""  # libdeploy's: applied, unchanged, failed, refused
    code: str = ""
    reason: str = ""  # why it failed
    log: str = ""  # the end of what it wrote
    began_at: float | None = None
    ended_at: float | None = None
    took_s: float | None = None  # by the runner's own clock
    troubles: int = 0
    retry_at: float | None = None
    due_at: float | None = None

    @staticmethod
    def is_end(state: DeploymentState) -> bool:
        return state in _ENDS

    @property
    def is_over(self) -> bool:
        return self.state in _ENDS

    @property
    def has_begun(self) -> bool:
        return self.state in {DeploymentState.RUNNING, DeploymentState.VERIFYING}

    @property
    def request(self) -> int | None:
        """The number of the merge or pull request whose head it follows."""
        return int(self.follows[1:]) if self.follows.startswith("!") else None

    @property
    def bound(self) -> str:
        """What somebody approves: this plan for what is there now, and nothing else."""
        return f"{self.plan_hash}:{self.base}"

    def can(self, state: DeploymentState) -> bool:
        return state in MOVES[self.state]

    def move(self, state: DeploymentState) -> Self:
        """The same deployment in `state`. Raises WrongMove."""
        if state is self.state:
            return self
        if not self.can(state):
            raise WrongMove(f"a deployment that is {self.state} cannot become {state}")
        return msgspec.structs.replace(self, state=state)


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One service in one environment: what runs there, who works on it, and whether automation may.

    `claimed_by` is the one deployment that may change it now; it is claimed by one UPDATE of an unclaimed row.
    """

    service: str
    environment: str
    deployment_id: str = ""  # the last that succeeded
    artifact_id: str = ""
    is_beta: bool = False
    beta_request: int | None = None
    beta_project: str = ""
    since: float = 0
    claimed_by: str = ""
    held_by: Person | None = None  # nothing goes on by itself until `resume`
    held_reason: str = ""
    held_at: float | None = None


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody but its owner deploys to what it covers. `scope` is the text of a bot.domain.scopes.Scope."""

    id: str
    scope: str
    owner: Person
    identities: tuple[str, ...]
    thread: Thread
    reason: str
    is_warning: bool = False  # only told, stops nobody
    created_at: float
    expires_at: float | None = None
    released_at: float | None = None
    released_by: Person | None = None


class Veto(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that is never to be deployed."""

    id: str
    service: str
    artifact_id: str
    person: Person
    reason: str
    created_at: float
    lifted_at: float | None = None
    lifted_by: Person | None = None

"""An environment: what is wanted of it (the spec) and how it is (the status), in one row.

Times are seconds since the epoch, by the database's clock.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from enum import StrEnum
from typing import Self

import msgspec

from bot.domain.datasets import LOG, SEEDING, Seeds
from bot.domain.errors import WrongMove
from bot.domain.message import Person, Thread


class State(StrEnum):
    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    CONFIGURING = "configuring"
    STARTING = "starting"
    READY = "ready"
    UPDATING = "updating"
    PAUSED = "paused"
    FAILED = "failed"
    TERMINATING = "terminating"
    GONE = "gone"


_MAKING = frozenset({State.REQUESTED, State.PROVISIONING, State.CONFIGURING, State.STARTING})

MOVES: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.PROVISIONING, State.FAILED, State.TERMINATING}),
    State.PROVISIONING: frozenset({State.CONFIGURING, State.FAILED, State.TERMINATING}),
    State.CONFIGURING: frozenset({State.STARTING, State.PROVISIONING, State.FAILED, State.TERMINATING}),
    State.STARTING: frozenset({State.READY, State.PROVISIONING, State.FAILED, State.TERMINATING}),
    State.READY: frozenset({State.UPDATING, State.PROVISIONING, State.PAUSED, State.TERMINATING}),
    State.UPDATING: frozenset({State.READY, State.TERMINATING}),
    State.PAUSED: frozenset({State.PROVISIONING, State.TERMINATING}),
    State.FAILED: frozenset({State.PROVISIONING, State.TERMINATING}),
    State.TERMINATING: frozenset({State.GONE}),
    State.GONE: frozenset(),
}
"""What may follow what. README draws this table.

An interrupted making begins again at provisioning, and so does a ready one of which nothing runs any more, and one that was paused.
"""


class Size(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Failure(msgspec.Struct, frozen=True):
    """Why the last attempt failed: a stable code, a sentence, the stage, the last lines of its log."""

    code: str
    reason: str
    stage: str = ""
    log: tuple[str, ...] = ()
    put_aside: str = ""  # the commit that it was: what ran before runs again, and this one waits for a retry or a push


STALE_HEAD = "stale_head"
"""The code of what was wanted at a commit that is not the head any more."""

RESTARTING = "restarting"
"""The stage of a restart that failed; the next one that does not is the end of that failure."""


STRATEGY = "strategy"
"""The service that a trading environment's strategy is."""


class Address(msgspec.Struct, frozen=True):
    service: str
    url: str


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One row. The first half is spec, edited by commands; the second is status, written by whoever holds the lease."""

    id: str
    slug: str
    project: str
    source_id: str  # numeric id of the repository the branch is in: the project's own, or a fork's
    is_fork: bool = False
    ref: str  # full: refs/heads/…
    name: str  # "" unless asked for: one branch may have several environments
    request: int | None = None
    owner: Person
    thread: Thread  # where it was asked for
    created_at: float
    expires_at: float
    is_wanted: bool = True
    is_forced: bool = False  # do not wait for its services to stop by themselves
    gone_reason: str = ""  # who or what wanted it gone, as a sentence's end: "dana asked", "its time was over"
    gone_code: str = ""
    generation: int = 1  # grows with each change of what should run
    cancelled_generation: int = 0  # generations up to this one are not wanted any more
    sha: str
    is_pinned: bool = False
    is_bound: bool = False  # made only as long as `sha` is the head
    tilt_args: tuple[str, ...] = ()
    size: Size = Size.SMALL
    earlier_s: dict[str, float] = {}  # how long it ran at other sizes before
    profile: str = ""  # of the repository's file
    services: tuple[str, ...] = ()  # only these; () for all
    left_to_file: tuple[str, ...] = ()  # what nobody said: "ttl" until the file is read first, "size" each time
    restart_count: int = 0  # restarts asked for
    restart_service: str = ""
    seeds: Seeds = Seeds()
    is_kept: bool = False  # its owner asked for it to stay: no quiet time ends it
    is_paused: bool = False  # its services shall not run, its code stays
    pause_reason: str = ""  # "asked", "idle", "schedule"
    end_before_keep: float | None = None  # when it went but for being kept
    idle_s: float | None = None  # so long without a push or a visit and it is quiet; None: that does not matter
    schedule: str = ""  # when it sleeps, see domain/schedule.py
    awake_until: float | None = None  # somebody wants it awake until then, whatever the schedule says
    restored_from: str = ""  # the id of the one that it is again
    is_trading: bool = False  # it was given a feed and secrets of its own, which are to be taken back
    edits: int = 0  # grows with every edit of the spec: a worker lets go only of a row it has seen whole

    state: State = State.REQUESTED
    stage: str = ""
    stage_began_at: float = 0
    settled_generation: int = 0  # the last one that came to an end, well or not
    running_generation: int = 0  # the last one that became ready
    running_sha: str = ""
    restarted_count: int = 0
    addresses: tuple[Address, ...] = ()
    upstream: str = ""  # the machine that answers at them; "": the keeper's own proxy
    engine: str = ""  # which one makes it, from its first generation to its end; "": of before there were several
    failure: Failure | None = None
    host_id: str = ""
    troubles: int = 0  # attempts in a row that failed through our own fault
    retry_at: float | None = None
    gone_at: float | None = None
    deadline_set_at: float = 0  # when expires_at got its value: no warning is owed for a time before
    warned: int = 0  # how many of the warnings before expires_at are behind us
    active_at: float = 0  # the last push or visit that we know of
    idle_warned_at: float | None = None  # its owner was told that it is quiet, since active_at
    paused_at: float | None = None
    paused_s: float = 0  # in pauses that are over
    due_at: float | None = None

    @property
    def branch(self) -> str:
        return self.ref.removeprefix("refs/heads/")

    @property
    def service_names(self) -> tuple[str, ...]:
        """Those that can be named: all with an address, and the strategy, which answers nobody."""
        named = tuple(each.service for each in self.addresses)
        return (*named, STRATEGY) if self.is_trading and named and STRATEGY not in named else named

    @property
    def log_names(self) -> tuple[str, ...]:
        """Whose logs can be asked for: also of the dataset that was loaded."""
        names = self.service_names
        return (*names, LOG) if self.seeds.asked and names and LOG not in names else names

    @property
    def is_machine(self) -> bool:
        """Whether it has a machine of its own, by the engine that makes those."""
        return self.engine == "branch-env"

    @property
    def is_seeding(self) -> bool:
        """Whether a dataset is being loaded right now."""
        return self.stage == SEEDING

    @property
    def is_live(self) -> bool:
        return self.state is not State.GONE

    @property
    def is_settled(self) -> bool:
        return self.settled_generation >= self.generation

    def can(self, state: State) -> bool:
        return state in MOVES[self.state]

    def move(self, state: State) -> Self:
        """The same environment in `state`. Raises WrongMove."""
        if state is self.state:
            return self
        if not self.can(state):
            raise WrongMove(f"an environment that is {self.state} cannot become {state}")
        return msgspec.structs.replace(self, state=state)


def _digest(*parts: str) -> str:
    # base32 without digits at its head would not matter: the slug always has a dash before it
    return b32encode(hashlib.sha256("\0".join(parts).encode()).digest()).decode().lower()


def slug_of(project_id: str, source_id: str, ref: str, name: str, salt: int = 0) -> str:
    """`[a-z0-9-]`, at most 40 characters: a readable head and a hash of the identity, so that it is the same each time."""
    head = name or ref.removeprefix("refs/heads/")
    readable = re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-")[:32].strip("-") or "env"
    identity = (project_id, source_id, ref, name) if not salt else (project_id, source_id, ref, name, str(salt))
    return f"{readable}-{_digest(*identity)[:6]}"

"""What a handler may touch: values that were gathered before, and ports, each with only what is used of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from bot.auth.policies import Policies
from bot.auth.policy import Role, Standing
from bot.context_ports import Runtime
from bot.context_rows import (
    AlarmRows,
    ApprovalRows,
    ArtifactRows,
    DeployedRows,
    EnvironmentRows,
    PeopleRows,
    RolloutRows,
    SlotRows,
    TradingRows,
)
from bot.context_rules import HoldRows, LockRows, VetoRows, WaitingRows
from bot.domain.approval import Approval
from bot.domain.artifact import Artifact
from bot.domain.budget import UNLIMITED, Budgets
from bot.domain.catalogue import Catalogue, Service, SharedEnvironment
from bot.domain.command import CommandState, Event
from bot.domain.cost import FREE, Prices
from bot.domain.deployment import Deployment, Rollout, RolloutKind
from bot.domain.environment import Environment, Size
from bot.domain.gates import Word
from bot.domain.message import Person, Platform, Said, Thread
from bot.domain.project import ChangeRequest, Project
from bot.domain.prose import Reply
from bot.domain.scopes import Scope
from bot.domain.spending import Life
from bot.domain.wanted import Wanted


@dataclass(frozen=True)
class Limits:
    """In seconds, but for the numbers of environments. `idle_s` None: quiet ones live on."""

    ttl_s: float
    extend_s: float
    cap_s: float
    environments: int
    per_person: int = 0  # 0: no such quota
    per_project: int = 0
    keep_s: float = 14 * 86400
    kept: int = 2
    idle_s: float | None = None
    restore_s: float = 3 * 86400
    approval_s: float = 86400


@dataclass(frozen=True)
class Head:
    """What a new environment is made of: a branch at the commit it has now."""

    project: Project
    ref: str
    sha: str
    source_id: str
    request: int | None = None
    fetched_as: str = ""  # the ref under which the project has it, where that is not `ref`
    is_fork: bool = False
    is_bound: bool = False  # wanted only as long as this is the head

    @property
    def where(self) -> str:
        return self.fetched_as or self.ref


@dataclass(frozen=True)
class Scene:
    """Everything known of a command before its transaction begins."""

    said: Said
    line: str
    standing: Standing
    projects: Mapping[str, Project]
    limits: Limits
    zone: tzinfo
    policies: Policies
    project: Project | None = None
    environment: Environment | None = None  # as it was before the transaction
    prices: Prices = FREE
    budgets: Budgets = UNLIMITED
    approval: Approval | None = None  # as it was before the transaction
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)  # the identities of each group
    catalogue: Catalogue = field(default_factory=Catalogue)
    spares: frozenset[tuple[str, Size]] = frozenset()  # projects and sizes of which there are warm ones, at some times
    wanted: tuple[Wanted, ...] = ()  # the services that are named, each asked about by itself
    shared: SharedEnvironment | None = None  # where they go to, or are looked at
    service: Service | None = None  # the one that is asked about now
    scope: Scope | None = None  # what is locked
    rollout: Rollout | None = None  # as it was before the transaction
    deployment: Deployment | None = None  # the one of it that was named
    trusts_names: bool = False  # people in terminals are who they say

    @property
    def environment_id(self) -> str | None:
        return self.environment.id if self.environment else None

    @property
    def role(self) -> Role:
        return self.standing.role

    @property
    def person(self) -> Person:
        return self.said.person

    @property
    def thread(self) -> Thread:
        return self.said.thread


@dataclass(frozen=True)
class Outcome:
    """What a handler made of a command. A running one ends when its `goal` is reached: `generation:3`, `restart:2`, `gone`."""

    reply: Reply | None = None
    state: CommandState = CommandState.DONE
    code: str = ""
    environment_id: str | None = None
    goal: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)  # what the audit log is told of a refusal besides its code


class Transaction(Protocol):
    """One unit of work, as a handler sees it."""

    now: float

    @property
    def environments(self) -> EnvironmentRows: ...

    @property
    def people(self) -> PeopleRows: ...

    @property
    def approvals(self) -> ApprovalRows: ...

    @property
    def artifacts(self) -> ArtifactRows: ...

    @property
    def rollouts(self) -> RolloutRows: ...

    @property
    def slots(self) -> SlotRows: ...

    @property
    def locks(self) -> LockRows: ...

    @property
    def vetoes(self) -> VetoRows: ...

    @property
    def holds(self) -> HoldRows: ...

    @property
    def waiting(self) -> WaitingRows: ...

    @property
    def trading(self) -> TradingRows: ...

    @property
    def alarms(self) -> AlarmRows: ...

    async def lock_beginnings(self) -> None: ...

    async def call(self, ids: Iterable[str], /) -> None: ...

    async def begin_rollout(self, rollout: Rollout, parts: Sequence[Deployment], /) -> tuple[Rollout, Sequence[Deployment]]: ...

    async def save_rollout(self, rollout: Rollout, /) -> None: ...

    async def save_deployment(self, deployment: Deployment, /) -> Deployment: ...

    async def lock_quota(self) -> None: ...

    async def add(self, environment: Environment, /) -> bool: ...

    async def claim_spare(self, project: str, engine: str, size: Size, /) -> str | None: ...

    async def edit(self, environment: Environment, /) -> Environment: ...

    async def open_card(self, thread: Thread, subject: Environment | Rollout, /) -> None: ...

    async def tie(self, thread: Thread, environment: Environment, /) -> bool: ...

    async def note(self, event: Event, /) -> None: ...

    async def events_of(self, environment_id: str, limit: int = 50, /) -> Sequence[Event]: ...

    async def past_seconds(self, project: str, stage: str, /) -> Sequence[float]: ...

    async def lives(self, projects: frozenset[str], since: float, /) -> Sequence[Life]: ...

    async def post(self, thread: Thread, reply: Reply, /) -> None: ...

    async def reach(self, environment_id: str, goal: str, state: CommandState, code: str, /) -> None:
        """End the commands that wait for `goal`, and sign their messages."""


Choose = Callable[[DeployedRows], Awaitable[Sequence[Artifact]]]


class Outside(Protocol):
    """Ports for what is gathered before the transaction."""

    @property
    def runtime(self) -> Runtime: ...

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None: ...

    async def is_member(self, person: Person) -> bool:
        """Whether this is a full member of their platform's workspace: no guest, nobody of another one. A doubt is a no."""

    async def person(self, platform: Platform, name: str, project: Project) -> Person | None:
        """Who is called that on a platform; `name` is a Slack id, a login, or the name of somebody who has been here before."""

    async def may(self, person: Person, words: str, environment: Environment) -> bool:
        """Whether somebody may say that command about an environment that is theirs or another's."""

    async def visible(self, person: Person, words: str = "ivy list") -> frozenset[str]:
        """The keys of the projects in which somebody may look, by that command."""

    async def learn_merged(self, services: Iterable[Service]) -> None:
        """Ask the forges about the newest artifacts of these that are not known to be merged. Raises ForgeUnavailable."""

    async def gates_say(self, choose: Choose, environment: str, kind: RolloutKind) -> Sequence[Word]:
        """What the gates of services say of artifacts that are chosen now, before an act of this kind."""

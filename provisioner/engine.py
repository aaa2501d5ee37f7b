"""The port every engine fills: a Spec goes in, an Access comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Source:
    """Where the code is. `project` is a key fit for a folder name; `ref` is full (refs/heads/…); `sha` is 40 hex digits."""

    project: str
    clone_url: str
    ref: str
    sha: str


@dataclass(frozen=True)
class Service:
    """One process of an environment. `run` and `build` are command lines; `health` is a path on `port`, None for no probe.

    `port` None means that the engine chooses one; the port the process must listen on is given to it as $PORT either way
    (a chosen `port` is only taken where the engine has a network of its own for the environment).
    A line that is plain words is split; one that needs a shell goes to `sh -c` inside the environment's own sandbox.
    """

    name: str
    run: str
    port: int | None = None
    health: str | None = "/"
    env: tuple[tuple[str, str], ...] = ()
    build: str | None = None


@dataclass(frozen=True)
class Limits:
    memory_mb: int = 1024
    processes: int = 256


@dataclass(frozen=True)
class Trading:
    """What a trading environment has of its own, for engines that make a host of it.

    `ways` are hosts and ports that it may connect to; `given` are variables of its services that may be seen, and `kept` those that may
    not: each with the path at which its value is kept in the cloud's account, where the host reads it itself. `is_on_paper`: no key of a
    sandbox is for it.
    """

    ways: tuple[tuple[str, int], ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    is_on_paper: bool = False


@dataclass(frozen=True)
class Spec:
    """What should run. `environment` is the row's id (fit for a folder name), `generation` grows with each change of the spec.

    `secrets` are variables of every service that runs, and of no build; they are not shown.
    """

    environment: str
    slug: str
    generation: int
    source: Source
    services: tuple[Service, ...]
    limits: Limits = Limits()
    size: str = "small"  # for engines that make a machine of it
    tilt_arguments: tuple[str, ...] = ()  # for engines that run `tilt up`
    ready_within_s: float = 120.0
    build_within_s: float = 900.0
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    trading: Trading | None = None


@dataclass(frozen=True)
class Dataset:
    """What an environment is filled with: by `run`, a command line in its code, or of the operator's.

    That is `archive`, a file or folder, or `snapshot`, one of EBS, of which a machine gets a disk of `gigabytes`.
    """

    name: str
    run: str = ""
    archive: str = ""
    within_s: float = 600.0
    snapshot: str = ""
    gigabytes: int = 0


@dataclass(frozen=True)
class Address:
    service: str
    url: str


@dataclass(frozen=True)
class Access:
    """What runs now and how to reach it; the first address is the environment's own.

    `upstream` is where whoever stands before it (Traefik) hands its host names on; "": to the keeper's own proxy.
    """

    generation: int
    sha: str
    addresses: tuple[Address, ...]
    upstream: str = ""


class StageName(StrEnum):
    """The steps of making an environment, in order; the lifecycle's states of the same names."""

    PROVISIONING = "provisioning"  # the code is fetched and laid out at the exact SHA
    CONFIGURING = "configuring"  # services are built
    STARTING = "starting"  # services run and become healthy


@dataclass(frozen=True)
class ServiceState:
    """`cpu_s` is what its processes have used since they began; None of anything: that is not known."""

    name: str
    is_healthy: bool | None
    restarts: int | None
    pid: int | None
    memory_mb: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True)
class Observed:
    """What an engine sees of one environment: everything that bears our mark, wanted or not."""

    environment: str
    slug: str
    generation: int | None  # None: laid out but nothing runs
    fence: int
    sha: str | None
    services: tuple[ServiceState, ...]
    quiet_s: float | None = None  # since the last visit through the proxy; None: none is known
    project: str = ""
    ref: str = ""  # "" for one that was prepared and is of no branch yet
    engine: str = ""  # which one sees it, where there are several
    sees_services: bool = True  # False: `services` says nothing, they are on a machine that nobody has looked into lately


@dataclass(frozen=True)
class LogLine:
    service: str
    text: str


class EngineFailed(Exception):  # noqa: N818
    """The branch's own doing: it does not build, start or become healthy. `log` holds its last lines (already decoded)."""

    def __init__(self, stage: StageName, reason: str, log: tuple[str, ...] = (), code: str = "failed") -> None:
        super().__init__(reason)
        self.stage = stage
        self.reason = reason
        self.log = log
        self.code = code


class EngineUnavailable(Exception):  # noqa: N818
    """The engine cannot be reached or is in trouble itself: try again, it is nobody's fault here."""


class StaleFence(Exception):  # noqa: N818
    """Somebody with a newer lease works on this environment: stop at once, write nothing."""


class Report(Protocol):
    """How an engine tells of its progress. `begin` and `end` are recorded; they raise when the order is no longer wanted."""

    async def begin(self, stage: StageName) -> None: ...

    async def end(self, stage: StageName) -> None: ...

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        """How far a stage is that can be counted, and of what it is a task (a role). The newest one counts: losing some is no harm."""


class Engine(Protocol):
    """Every method may be interrupted at any point and called again with the same order; the effect happens once."""

    async def read(self, source: Source, paths: tuple[str, ...]) -> dict[str, bytes]:
        """The regular files among `paths` as they are at the exact SHA; absent ones are left out.

        Raises EngineFailed (code `not_fetched`) when the SHA cannot be had, (code `bad_file`) for a symlink, or one over 64 KiB.
        """

    async def apply(self, spec: Spec, fence: int, report: Report) -> Access:
        """Make `spec` run. What runs already goes on until the new one is healthy, and stays when it is not."""

    async def restart(self, environment: str, service: str | None, fence: int, number: int = 0) -> None:
        """Restart one service or all; returns when they are healthy again, else raises EngineFailed.

        `number` grows with each restart of the environment that is asked for: one that was made is not made again. 0: make it in any case.
        """

    async def abandon(self, environment: str, generation: int, fence: int) -> None:
        """Stop making `generation` and remove what there is of it; what ran before goes on.

        Nothing being made is success, and so is a generation that runs already: it is left alone.
        """

    async def pause(self, environment: str, fence: int) -> None:
        """Stop its services and leave its code: an `apply` of the same generation only starts them. That nothing runs is success."""

    async def seed(self, environment: str, dataset: Dataset | None, fence: int, number: int) -> None:
        """Fill what runs with `dataset`; its log is shown as that of a service `seed`. None: stop what is being loaded.

        `number` grows with each time that is asked for: what came to its end once is not loaded again. Raises EngineFailed with the
        last lines when it does not end well (code `wrong_dataset`: not here), and then its services go on.
        """

    async def destroy(self, environment: str, fence: int, grace_s: float | None = None) -> None:
        """Stop and remove everything of it. Already gone is success. `grace_s`: how long services may take to stop."""

    async def observe(self) -> tuple[Observed, ...]:
        """Everything that bears our mark."""

    async def logs(self, environment: str, service: str | None, tail: int) -> tuple[LogLine, ...]:
        """The last `tail` lines, oldest first; empty when there is none."""


@dataclass(frozen=True)
class Bare:
    """An environment before it is anybody's: what is known of it by then."""

    environment: str
    slug: str
    project: str
    size: str


@dataclass(frozen=True)
class Pattern:
    """What environments are prepared by, and from what: a word that changes with it."""

    engine: str
    image: str


@runtime_checkable
class Preparing(Protocol):
    """An engine with a part of an environment that can be had before anybody asks, and that takes long."""

    async def pattern(self, project: str) -> Pattern | None:
        """What it prepares environments of a project from now; None where nothing can be had before."""

    async def prepare(self, bare: Bare, fence: int) -> None:
        """Have that part; an `apply` of the same environment goes on from there. Raises EngineFailed, EngineUnavailable."""


@runtime_checkable
class Remembering(Protocol):
    """An engine that knows what it made, also where nothing of it can be seen to run."""

    async def remembered(self, environment: str) -> Observed | None:
        """What ran of it last; a `generation` of None where that is not known. None: it never heard of it."""


@runtime_checkable
class RunsTilt(Protocol):
    """An engine that may run `tilt up` for a project: then words for tilt need no service that reads them."""

    def runs_tilt(self, project: str) -> bool: ...


@runtime_checkable
class LooksInto(Protocol):
    """An engine that sees services on machines only when it asks there, which costs something and takes seconds."""

    async def look(self, environment: str) -> None:
        """Ask; `observe` tells what came of it. Whoever asks how often, it is asked once in a while only."""


class Repositories(Protocol):
    """What git says of a remote."""

    async def head(self, clone_url: str, ref: str) -> str | None:
        """The SHA of a full ref, None when the branch does not exist. Raises EngineUnavailable."""

    async def merged_at(self, clone_url: str, branch: str, sha: str) -> float | None:
        """When the commit was made, if it is on that branch now; None when it is not, or is not there. Raises EngineUnavailable."""

    async def heads(self, clone_url: str) -> dict[str, str]:
        """All branches: full ref → SHA. Raises EngineUnavailable."""

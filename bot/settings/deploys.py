"""What can be deployed where: services, shared environments in their order, deploy groups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator


def _words(value: object) -> object:
    """`a,b` as a list."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _windows(value: object) -> object:
    """`fri 16:00 - mon 08:00; sat` as a list."""
    return tuple(each.strip() for each in value.split(";") if each.strip()) if isinstance(value, str) else value


def _stages(value: object) -> object:
    """`db-migrate; payments, ledger; web` as stages of services."""
    return tuple(_words(stage) for stage in value.split(";") if stage.strip()) if isinstance(value, str) else value


def _lower_keys(value: object) -> object:
    return {str(key).lower(): each for key, each in value.items()} if isinstance(value, dict) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Windows = Annotated[tuple[str, ...], BeforeValidator(_windows)]
Stages = Annotated[tuple[Words, ...], BeforeValidator(_stages)]


class ServiceSettings(BaseModel):
    """A folder of a project's repository with a deploy.py. `environments`: where it may run, everywhere when nothing is said.

    `gates`: what has to be said of an artifact before it goes anywhere, by its forge (ci, review) or by its contracts.
    """

    model_config = {"extra": "forbid"}

    project: str
    folder: str = ""
    environments: Words = ()
    gates: Annotated[tuple[Literal["ci", "review", "contracts"], ...], BeforeValidator(_words)] = ()


class ClusterSettings(BaseModel):
    """A Kubernetes cluster in which deploy.py runs, as Jobs in `namespace` made of `image` (Trellis's own).

    `account` is the service account of runs with rights, `planner` one without any. `kubeconfig` is a file; without one KUBECONFIG says
    which cluster it is, else it is the one that Trellis runs in. Runs are looked at each `look_s`, and can be read for `kept_hours`.
    """

    model_config = {"extra": "forbid"}

    image: str
    namespace: str
    account: str = "trellis-deployer"
    planner: str = "trellis-planner"
    kubeconfig: Path | None = None
    python: str = "/opt/trellis/bin/python"
    pull_secrets: Words = ()
    cpu: str = "100m"
    memory: str = "256Mi"
    disk: str = "1Gi"
    kept_hours: float = Field(default=24, gt=0)
    start_within_s: int = Field(default=300, ge=1)
    look_s: float = Field(default=1.0, ge=0)


class SharedEnvironmentSettings(BaseModel):
    """Where services run together. `position` is its place in the order, that of the file where nothing is said.

    With the target kubernetes deploy.py runs in `cluster`, which need not be named where there is one only; `namespace` is where its
    services are, called as the environment where nothing is said.

    One called prod asks for another person's word and takes only what is merged, unless it says otherwise. `config` is by service;
    `rights` are variables that runs get which look at or change things there.
    """

    model_config = {"extra": "forbid"}

    target: Literal["host", "kubernetes"] = "host"
    cluster: str = ""
    namespace: str = ""
    position: int | None = None
    after: str = ""
    asks: bool | None = None
    merged_only: bool | None = None
    continuous: Words = ()
    freezes: Windows = ()
    config: dict[str, dict[str, Any]] = Field(default_factory=dict)
    rights: dict[str, SecretStr] = Field(default_factory=dict)


class DeploySettings(BaseModel):
    """`groups`: the stages of each in order, the services of a stage side by side.

    Files, plans and runs of deploys are kept for `keep_days`; files also of the last `keep_versions` of each service, everywhere and in
    each environment. Nothing goes that runs, or is going on.
    """

    model_config = {"extra": "forbid"}

    keep_days: float = Field(default=30, ge=1)
    keep_versions: int = Field(default=20, ge=2)

    environments: dict[str, SharedEnvironmentSettings] = Field(default_factory=dict)
    clusters: dict[str, ClusterSettings] = Field(default_factory=dict)
    groups: dict[str, Stages] = Field(default_factory=dict)

    def cluster_of(self, environment: str) -> str:
        """The name of the one in which its runs are; "" when they are on this host."""
        each = self.environments.get(environment)
        return (each.cluster or next(iter(self.clusters), "")) if each and each.target == "kubernetes" else ""

    @field_validator("environments", "clusters", "groups", mode="before")
    @classmethod
    def _by_lower_keys(cls, value: object) -> object:
        return _lower_keys(value)

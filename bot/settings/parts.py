"""The groups of settings: a platform, the limits, the workers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator

RoleName = Literal["nobody", "viewer", "developer", "admin"]
SizeName = Literal["small", "medium", "large"]


def _pairs(value: object) -> object:
    """`a=admin,b=viewer` as a table."""
    if not isinstance(value, str):
        return value
    words = (word.partition("=") if "=" in word else word.rpartition(":") for word in value.replace(",", " ").split())
    return {key: role for key, _, role in words}


def _identity(value: object) -> str:
    """`GitHub:7` → `github:7`; Slack's ids are upper case."""
    platform, _, id_ = str(value).strip().partition(":")
    platform = platform.lower()
    return f"{platform}:{id_.upper() if platform == 'slack' else id_}"


def _by_identity(value: object) -> object:
    value = _pairs(value)
    return {_identity(key): role for key, role in value.items()} if isinstance(value, dict) else value


PeopleRoles = Annotated[dict[str, RoleName], BeforeValidator(_by_identity)]
GroupRoles = Annotated[dict[str, RoleName], BeforeValidator(_pairs)]
Sizes = Annotated[
    tuple[SizeName, ...],
    BeforeValidator(lambda value: tuple(value.replace(",", " ").split()) if isinstance(value, str) else value),
    Field(min_length=1),
]
Identifier = Annotated[str, Field(coerce_numbers_to_str=True)]


class GroupSettings(BaseModel):
    """People who have something in common; rules may name the group. `members` are identities: `github:7`, `slack:U012ABCDEF`."""

    model_config = {"extra": "forbid"}

    members: tuple[str, ...] | str
    role: RoleName = "nobody"

    @property
    def identities(self) -> frozenset[str]:
        words = self.members.replace(",", " ").split() if isinstance(self.members, str) else self.members
        return frozenset(_identity(each) for each in words)


class GitHubSettings(BaseModel):
    """A token of somebody, or an App: its id and its private key, as text or as a file. `installation_id` need not be said."""

    model_config = {"extra": "forbid"}

    api_url: str = "https://api.github.com"
    token: SecretStr = SecretStr("")
    app_id: Identifier = ""
    private_key: SecretStr = SecretStr("")
    private_key_file: Path | None = None
    installation_id: Identifier = ""
    webhook_secret: SecretStr = SecretStr("")


class GitLabSettings(BaseModel):
    model_config = {"extra": "forbid"}

    url: str = "https://gitlab.com"
    token: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")


class ChannelSettings(BaseModel):
    """What may be said in a channel: groups (look, change …) and commands, as a list or as `look,extend`. `name` is for people."""

    model_config = {"extra": "forbid"}

    allow: tuple[str, ...] | str
    name: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        words = self.allow.split(",") if isinstance(self.allow, str) else self.allow
        return tuple(word.strip().removeprefix("/") for word in words if word.strip())


class SlackSettings(BaseModel):
    """`users` maps a Slack user id to a role (viewer, developer or admin): a table, JSON, or `U1=admin,U2=viewer`."""

    model_config = {"extra": "forbid"}

    api_url: str = "https://slack.com/api/"
    bot_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")  # of the app, xapp-…: Socket Mode, without a public address
    team: str = ""
    users: dict[str, Literal["viewer", "developer", "admin"]] | str = Field(default_factory=dict)
    channels: dict[str, ChannelSettings] = Field(default_factory=dict)  # by id; "dm" every direct message, "*" every other channel
    response_hosts: tuple[str, ...] = ("hooks.slack.com",)

    @property
    def roles(self) -> dict[str, str]:
        return dict(self.users) if isinstance(self.users, dict) else {}

    @field_validator("users", mode="before")
    @classmethod
    def _upper_ids(cls, value: object) -> object:
        if isinstance(value, str):
            pairs = (word.replace("=", ":").partition(":") for word in value.replace(",", " ").split())
            value = {key: role for key, _, role in pairs}
        # Slack's ids are upper case; names of environment variables lose their case on the way here.
        return {str(key).upper(): role for key, role in value.items()} if isinstance(value, dict) else value


class LimitSettings(BaseModel):
    """Time limits of environments, in hours, and how many may live at once.

    `keep_hours` is the most that a kept one may live, `kept` how many somebody may keep. One without a push or a visit for `idle_hours`
    is warned, then paused, then taken down (0: never). What is gone can be restored for `restore_hours`.
    """

    model_config = {"extra": "forbid"}

    ttl_hours: float = Field(default=48, gt=0)
    extend_hours: float = Field(default=24, gt=0)
    cap_hours: float = Field(default=96, gt=0)
    keep_hours: float = Field(default=14 * 24, gt=0)
    kept: int = Field(default=2, ge=0)
    idle_hours: float = Field(default=24, ge=0)
    restore_hours: float = Field(default=72, ge=0)
    approval_hours: float = Field(default=24, gt=0)
    environments: int = Field(default=50, ge=1)
    per_project: int = Field(default=0, ge=0)
    per_person: int = Field(default=20, ge=0)
    replies_per_hour: int = Field(default=30, ge=0)


class OidcSettings(BaseModel):
    """An OpenID Connect provider. `groups` maps what the claim lists to roles; `role` is everybody's who may sign in."""

    model_config = {"extra": "forbid"}

    issuer: str
    client_id: str
    client_secret: SecretStr
    label: str = ""
    scopes: str = "openid email profile"
    domains: tuple[str, ...] | str = ()
    groups_claim: str = "groups"
    groups: dict[str, Literal["nobody", "viewer", "developer", "admin"]] = Field(default_factory=dict)
    role: Literal["nobody", "viewer", "developer", "admin"] = "nobody"

    @property
    def hosted_domains(self) -> frozenset[str]:
        """Written as a list or as `a.com,b.com`."""
        words = self.domains.replace(",", " ").split() if isinstance(self.domains, str) else self.domains
        return frozenset(word.lower() for word in words)


class SignInSettings(BaseModel):
    """How people sign in on the web page, and for how long."""

    model_config = {"extra": "forbid"}

    session_hours: float = Field(default=168, gt=0, le=24 * 366)
    link_minutes: float = Field(default=15, gt=0, le=24 * 60)
    oidc: dict[str, OidcSettings] = Field(default_factory=dict)


class PriceSettings(BaseModel):
    """What an environment costs an hour, by its size: shown where somebody decides.

    Said here, or with `region` out of a table that `trellis prices refresh` writes: `file`, else prices.json in the data folder.
    """

    model_config = {"extra": "forbid"}

    currency: str = "€"
    small: float = Field(default=0, ge=0)
    medium: float = Field(default=0, ge=0)
    large: float = Field(default=0, ge=0)
    paused: float = Field(default=0, ge=0)
    gigabyte: float = Field(default=0, ge=0)
    region: str = ""
    file: Path | None = None
    instance_types: dict[SizeName, str] = {"small": "t3.large", "medium": "t3.xlarge", "large": "m6i.2xlarge"}  # modules/branch-env's
    volume_gb: int = Field(default=60, ge=0)
    host_type: str = "m6a.xlarge"  # modules/platform's hosts of market data


class BudgetSettings(BaseModel):
    """What may be spent in a month, in the currency of the prices: in all, by each person, by projects; 0: as much as one likes.

    What is spent stops creates. Warm spares stop earlier, at `spares_percent` of it.
    """

    model_config = {"extra": "forbid"}

    month: float = Field(default=0, ge=0)
    per_person: float = Field(default=0, ge=0)
    projects: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    spares_percent: float = Field(default=80, gt=0, le=100)


class SparesSettings(BaseModel):
    """Warm spares: `projects` by key and size, as `mon-fri 08:00-18:00: 3; else 0`. One lives `ttl_hours`; `at_once` are made together."""

    model_config = {"extra": "forbid"}

    ttl_hours: float = Field(default=12, gt=0, le=24)
    at_once: int = Field(default=1, ge=1, le=20)
    projects: dict[str, dict[SizeName, Identifier]] = Field(default_factory=dict)


class MetricsSettings(BaseModel):
    """Who reads metrics. With a `token`, whoever names it; else this machine only. A worker's own are on `worker_port` (0: nowhere)."""

    model_config = {"extra": "forbid"}

    token: SecretStr = SecretStr("")
    worker_host: str = "127.0.0.1"
    worker_port: int = Field(default=0, ge=0, le=65535)


class TelemetrySettings(BaseModel):
    """Where traces go: the address of an OpenTelemetry collector (OTLP over HTTP), without /v1/traces; "": nowhere."""

    model_config = {"extra": "forbid"}

    otlp_endpoint: str = ""


class WorkerSettings(BaseModel):
    """How the workers go about it. Seconds."""

    model_config = {"extra": "forbid"}

    lease_s: float = Field(default=30, ge=1)
    sweep_s: float = Field(default=2, gt=0)
    jobs: int = Field(default=10, ge=1)
    follow_local_s: float = Field(default=2, gt=0)
    reconcile_s: float = Field(default=15, gt=0)
    poll_s: float = Field(default=15, ge=1)
    catch_up_s: float = Field(default=300, ge=1)

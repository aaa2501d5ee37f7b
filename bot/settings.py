"""All configuration, typed and read once: TRELLIS_ variables over trellis.toml over defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as SourceError


class SettingsError(Exception):
    """The configuration cannot be used; the text is one clear line."""


Identifier = Annotated[str, Field(coerce_numbers_to_str=True)]


class ProjectSettings(BaseModel):
    """A repository that environments are made of."""

    model_config = {"extra": "forbid"}

    forge: Literal["github", "gitlab", "local"]
    id: Identifier = ""
    path: str = ""
    clone_url: str
    default_branch: str = "main"
    slack_channels: tuple[str, ...] | str = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Slack channel ids, written as a list or as `C1,C2`."""
        return tuple(self.slack_channels.replace(",", " ").split()) if isinstance(self.slack_channels, str) else self.slack_channels


class GitHubSettings(BaseModel):
    model_config = {"extra": "forbid"}

    api_url: str = "https://api.github.com"
    token: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")


class GitLabSettings(BaseModel):
    model_config = {"extra": "forbid"}

    url: str = "https://gitlab.com"
    token: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")


class SlackSettings(BaseModel):
    """`users` maps a Slack user id to a role (viewer, developer or admin): a table, JSON, or `U1=admin,U2=viewer`."""

    model_config = {"extra": "forbid"}

    api_url: str = "https://slack.com/api/"
    bot_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    team: str = ""
    users: dict[str, Literal["viewer", "developer", "admin"]] | str = Field(default_factory=dict)
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
    """Time limits of environments, in hours, and how many may live at once."""

    model_config = {"extra": "forbid"}

    ttl_hours: float = Field(default=48, gt=0)
    extend_hours: float = Field(default=24, gt=0)
    cap_hours: float = Field(default=96, gt=0)
    environments: int = Field(default=50, ge=1)
    failed_hours: float = Field(default=24, gt=0)


class WorkerSettings(BaseModel):
    """How the workers go about it. Seconds."""

    model_config = {"extra": "forbid"}

    lease_s: float = Field(default=30, ge=1)
    sweep_s: float = Field(default=2, gt=0)
    jobs: int = Field(default=10, ge=1)
    follow_local_s: float = Field(default=2, gt=0)
    reconcile_s: float = Field(default=15, gt=0)


class Settings(BaseSettings):
    """Everything that can be set. See trellis.example.toml."""

    model_config = SettingsConfigDict(env_prefix="TRELLIS_", env_nested_delimiter="__", extra="ignore", toml_file="trellis.toml")

    data_dir: Path = Path(".trellis")
    database_url: str = ""
    redis_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)
    proxy_port: int = Field(default=8780, ge=1, le=65535)
    domain: str = "localhost"
    public_url: str = ""
    host_id: str = "here"
    console_role: Literal["viewer", "developer", "admin"] = "admin"
    time_zone: str = "UTC"
    log_format: Literal["console", "json"] = "console"
    sandbox: Literal["auto", "off", "required"] = "auto"
    github: GitHubSettings | None = None
    gitlab: GitLabSettings | None = None
    slack: SlackSettings | None = None
    projects: dict[str, ProjectSettings] = Field(default_factory=dict)
    limits: LimitSettings = LimitSettings()
    worker: WorkerSettings = WorkerSettings()

    @field_validator("projects", mode="before")
    @classmethod
    def _lower_keys(cls, value: object) -> object:
        return {str(key).lower(): each for key, each in value.items()} if isinstance(value, dict) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get("TRELLIS_CONFIG", "trellis.toml")))
        return init_settings, env_settings, toml

    @property
    def sql_url(self) -> str:
        """The database as SQLAlchemy's async engine wants it."""
        url = self.database_url or f"sqlite:///{(self.data_dir / 'trellis.db').absolute()}"
        scheme, _, rest = url.partition("://")
        driver = {"sqlite": "sqlite+aiosqlite", "postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}.get(scheme, scheme)
        return f"{driver}://{rest}"

    @property
    def redis(self) -> str:
        return self.redis_url or f"unix://{(self.data_dir / 'redis.sock').absolute()}"

    @property
    def is_redis_embedded(self) -> bool:
        return not self.redis_url

    @property
    def keeper_socket(self) -> Path:
        return (self.data_dir / "keeper" / "keeper.sock").absolute()


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise SettingsError(sentence)


def check(settings: Settings) -> None:
    """Refuse a platform without its secret and a project that cannot be told apart. Raises SettingsError."""
    if settings.github:
        _require(settings.github.webhook_secret.get_secret_value(), "GitHub is configured without TRELLIS_GITHUB__WEBHOOK_SECRET: set it")
        _require(settings.github.token.get_secret_value(), "GitHub is configured without TRELLIS_GITHUB__TOKEN: set it")
    if settings.gitlab:
        secrets = settings.gitlab.webhook_secret.get_secret_value() or settings.gitlab.signing_secret.get_secret_value()
        _require(secrets, "GitLab is configured without TRELLIS_GITLAB__WEBHOOK_SECRET or TRELLIS_GITLAB__SIGNING_SECRET: set one")
        _require(settings.gitlab.token.get_secret_value(), "GitLab is configured without TRELLIS_GITLAB__TOKEN: set it")
    if settings.slack:
        _require(settings.slack.signing_secret.get_secret_value(), "Slack is configured without TRELLIS_SLACK__SIGNING_SECRET: set it")
        _require(settings.slack.bot_token.get_secret_value(), "Slack is configured without TRELLIS_SLACK__BOT_TOKEN: set it")
    _check_parts(settings)
    _check_projects(settings)


def _check_parts(settings: Settings) -> None:
    try:
        ZoneInfo(settings.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise SettingsError(f"TRELLIS_TIME_ZONE: there is no time zone {settings.time_zone!r}; for instance Europe/Berlin") from None
    _require(
        settings.sql_url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")),
        "TRELLIS_DATABASE_URL: use sqlite:///FILE or postgresql://USER@HOST/NAME",
    )
    _require(
        settings.redis.startswith(("redis://", "rediss://", "unix://")),
        "TRELLIS_REDIS_URL: use redis://HOST, rediss://HOST or unix://SOCKET",
    )
    limits = settings.limits
    _require(
        limits.ttl_hours <= limits.cap_hours,
        "TRELLIS_LIMITS__TTL_HOURS is more than TRELLIS_LIMITS__CAP_HOURS: no environment could be made",
    )


def _check_projects(settings: Settings) -> None:
    seen: dict[tuple[str, str], str] = {}
    for key, project in settings.projects.items():
        name = f"TRELLIS_PROJECTS__{key.upper()}"
        _require(key.replace("-", "").replace("_", "").isalnum(), f"project key {key!r}: use letters, digits, - and _")
        _require(not urlsplit(project.clone_url).password, f"{name}__CLONE_URL holds a password: take it out, the forge's token is used")
        if project.forge == "local":
            continue
        _require(
            getattr(settings, project.forge), f"project {key} is on {project.forge}, which is not configured: set its token and secret"
        )
        _require(project.id.isdigit(), f"{name}__ID is missing: set the forge's numeric id of the repository")
        _require(project.path, f"{name}__PATH is missing: set owner/name")
        twin = seen.setdefault((project.forge, project.id), key)
        _require(twin == key, f"projects {twin} and {key} have the same id {project.id} on {project.forge}")


def load() -> Settings:
    """Read the environment and trellis.toml. Raises SettingsError with one line."""
    named = os.environ.get("TRELLIS_CONFIG")
    _require(not named or Path(named).is_file(), f"TRELLIS_CONFIG: there is no file {named}")
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRELLIS_" + "__".join(str(part).upper() for part in first["loc"] if "[" not in str(part))
        raise SettingsError(f"{name}: {first['msg']}") from None
    except SourceError as error:
        raise SettingsError(f"the environment cannot be read: {error}") from None
    except ValueError as error:
        raise SettingsError(f"{named or 'trellis.toml'} cannot be read: {error}") from None
    check(settings)
    return settings

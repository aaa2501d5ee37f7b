"""All settings in one value, read from TRELLIS_ variables over trellis.toml over defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from bot.settings.artifacts import ArtifactSettings
from bot.settings.deploys import DeploySettings, ServiceSettings
from bot.settings.image import ImageSettings
from bot.settings.parts import (
    BudgetSettings,
    GitHubSettings,
    GitLabSettings,
    GroupSettings,
    LimitSettings,
    MetricsSettings,
    PeopleRoles,
    PriceSettings,
    SignInSettings,
    SlackSettings,
    SparesSettings,
    TelemetrySettings,
    WorkerSettings,
)
from bot.settings.projects import ProjectSettings
from bot.settings.sweeping import SweepSettings
from bot.settings.terraform import TerraformPart
from bot.settings.trading import FeedsSettings, TradingSettings, VaultSettings
from bot.settings.traefik import TraefikSettings


class Settings(BaseSettings):
    """Everything that can be set. See trellis.example.toml."""

    model_config = SettingsConfigDict(env_prefix="TRELLIS_", env_nested_delimiter="__", extra="ignore", toml_file="trellis.toml")

    data_dir: Path = Path(".trellis")
    database_url: str = ""
    redis_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)
    proxy_port: int = Field(default=8780, ge=1, le=65535)
    proxy_host: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"  # noqa: S104 - for whoever sets it
    domain: str = "localhost"
    public_url: str = ""
    host_id: str = "here"
    console_role: Literal["viewer", "developer", "admin"] = "admin"
    trust_console_names: bool = False  # people in terminals are who they say: one of them may approve what another asked for
    time_zone: str = "UTC"
    log_format: Literal["console", "json"] = "console"
    sandbox: Literal["auto", "off", "required"] = "auto"
    engine: Literal["local", "terraform"] = "local"
    terraform: TerraformPart = TerraformPart()
    image: ImageSettings = ImageSettings()
    traefik: TraefikSettings | None = None
    github: GitHubSettings | None = None
    gitlab: GitLabSettings | None = None
    slack: SlackSettings | None = None
    projects: dict[str, ProjectSettings] = Field(default_factory=dict)
    people: PeopleRoles = Field(default_factory=dict)
    groups: dict[str, GroupSettings] = Field(default_factory=dict)
    services: dict[str, ServiceSettings] = Field(default_factory=dict)
    deploy: DeploySettings = DeploySettings()
    artifacts: ArtifactSettings = ArtifactSettings()
    policy_file: Path | None = None
    policy_more: Path | None = None
    links: dict[str, str] = Field(default_factory=dict)
    limits: LimitSettings = LimitSettings()
    prices: PriceSettings = PriceSettings()
    budgets: BudgetSettings = BudgetSettings()
    worker: WorkerSettings = WorkerSettings()
    spares: SparesSettings = SparesSettings()
    sweep: SweepSettings = SweepSettings()
    metrics: MetricsSettings = MetricsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    sign_in: SignInSettings = SignInSettings()
    feeds: FeedsSettings = FeedsSettings()
    trading: TradingSettings = TradingSettings()
    vault: VaultSettings = VaultSettings()

    @field_validator("projects", "services", mode="before")
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

    @property
    def price_file(self) -> Path:
        return (self.prices.file or self.data_dir / "prices.json").expanduser().absolute()

    @property
    def pushed_dir(self) -> Path:
        """Artifacts that `trellis artifact push` laid on this host."""
        return (self.data_dir / "artifacts" / "pushed").absolute()

    @property
    def deploys_dir(self) -> Path:
        """Runs of deploy.py on this host and the releases of its programs, kept by the keeper."""
        return (self.data_dir / "deploys").absolute()

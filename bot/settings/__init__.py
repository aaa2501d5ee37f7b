"""All configuration, typed and read once: TRELLIS_ variables over trellis.toml over defaults."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsError as SourceError

from bot.settings.artifacts import ArtifactSettings
from bot.settings.checks import SettingsError, check
from bot.settings.deploys import ClusterSettings, DeploySettings, ServiceSettings, SharedEnvironmentSettings
from bot.settings.parts import (
    GitHubSettings,
    GitLabSettings,
    GroupSettings,
    LimitSettings,
    MetricsSettings,
    OidcSettings,
    PriceSettings,
    SignInSettings,
    SlackSettings,
    TelemetrySettings,
    WorkerSettings,
)
from bot.settings.projects import ProjectSettings
from bot.settings.whole import Settings

__all__ = [
    "ArtifactSettings",
    "ClusterSettings",
    "DeploySettings",
    "GitHubSettings",
    "GitLabSettings",
    "GroupSettings",
    "LimitSettings",
    "MetricsSettings",
    "OidcSettings",
    "PriceSettings",
    "ProjectSettings",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "SharedEnvironmentSettings",
    "SignInSettings",
    "SlackSettings",
    "TelemetrySettings",
    "WorkerSettings",
    "check",
    "load",
]


def load() -> Settings:
    """Read the environment and trellis.toml. Raises SettingsError with one line."""
    named = os.environ.get("TRELLIS_CONFIG")
    if named and not Path(named).is_file():
        raise SettingsError(f"TRELLIS_CONFIG: there is no file {named}")
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRELLIS_" + "__".join(str(part).upper() for part in first["loc"] if "[" not in str(part))
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    except SourceError as error:
        raise SettingsError(f"the environment cannot be read: {error}") from None
    except ValueError as error:
        raise SettingsError(f"{named or 'trellis.toml'} cannot be read: {error}") from None
    check(settings)
    return settings

"""What can be deployed where, from the settings."""

from __future__ import annotations

from bot.domain.catalogue import Catalogue, DeployGroup, Service, SharedEnvironment, TargetKind
from bot.domain.freezes import Freeze, parse
from bot.domain.gates import Gate
from bot.domain.schedule import BadSchedule
from bot.settings import Settings, SettingsError, SharedEnvironmentSettings

_ASKS = "prod"
"""What an environment is called that asks and takes only what is merged, unless it says otherwise."""


def catalogue_of(settings: Settings) -> Catalogue:
    services = {
        key: Service(key, each.project.lower(), each.folder.strip("/"), each.environments, tuple(map(Gate, each.gates)))
        for key, each in settings.services.items()
    }
    shared = settings.deploy.environments.items()
    environments = {key: _environment(key, place, each, settings.time_zone) for place, (key, each) in enumerate(shared)}
    groups = {key: DeployGroup(key, stages) for key, stages in settings.deploy.groups.items()}
    return Catalogue(services, environments, groups)


def _environment(key: str, place: int, each: SharedEnvironmentSettings, zone: str) -> SharedEnvironment:
    return SharedEnvironment(
        key=key,
        position=place if each.position is None else each.position,
        target=TargetKind(each.target),
        namespace=each.namespace,
        after=each.after,
        asks=key == _ASKS if each.asks is None else each.asks,
        merged_only=key == _ASKS if each.merged_only is None else each.merged_only,
        continuous=frozenset(each.continuous),
        freezes=tuple(_freeze(key, text, zone) for text in each.freezes),
        config=each.config,
        rights={name: value.get_secret_value() for name, value in each.rights.items()},
    )


def _freeze(key: str, text: str, zone: str) -> Freeze:
    try:
        return parse(text, zone)
    except BadSchedule as error:
        raise SettingsError(f"deploy.environments.{key}.freezes: {error}") from None

"""Which engine makes a project's environments: its own settings, else the general ones. The name is `local`, or the module's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.settings.terraform import MODULES, NEEDED
from bot.settings.whole import Settings

LOCAL = "local"
HERE = "local-env"
"""Terraform's engine for this machine."""

MACHINES = "branch-env"
"""The engine that makes an instance on AWS of each environment."""

HOSTS = "trading-env"
"""The one that makes a host on AWS of each trading environment, which reaches only its sandboxes and its feed."""

ON_AWS = (MACHINES, HOSTS)


def module_of(settings: Settings, key: str) -> str:
    """The module of a project, as it is written; "" for one on this machine."""
    project = settings.projects.get(key)
    if ((project and project.engine) or settings.engine) == LOCAL:
        return ""
    return (project and project.module) or settings.terraform.module


def usual(settings: Settings) -> str:
    """The engine of whoever says nothing."""
    return LOCAL if settings.engine == LOCAL else Path(settings.terraform.module).name


def engine_name(settings: Settings, key: str) -> str:
    return Path(module_of(settings, key)).name or LOCAL


def modules(settings: Settings) -> Mapping[str, str]:
    """Names of all modules that somebody has, to how they are written. Two folders of one name: see `checks`."""
    written = [module_of(settings, key) for key in ("", *settings.projects)]
    return {Path(each).name: each for each in written if each}


def lacking(settings: Settings) -> tuple[str, ...]:
    """What modules on AWS cannot do without and do not have."""
    given = {name for name, value in settings.terraform.variables.items() if value}
    own = [each.terraform.variables.get("image_id") for key, each in settings.projects.items() if engine_name(settings, key) in ON_AWS]
    if settings.image.is_baked or (own and all(own)):
        given.add("image_id")
    return tuple(name for name in NEEDED if name not in given)


def machineless(settings: Settings) -> frozenset[str]:
    """The engines that make no machine on AWS, where another does."""
    return frozenset({LOCAL, *MODULES} - {*ON_AWS}) if makes_machines(settings) else frozenset()


def makes_machines(settings: Settings) -> bool:
    return any(name in modules(settings) for name in ON_AWS)


def machine_types(settings: Settings) -> Mapping[str, str]:
    """The instance type of each size: as modules on AWS are told, else as prices are asked for."""
    return {**{str(size): each for size, each in settings.prices.instance_types.items()}, **_said_types(settings.terraform.variables)}


def own_types(settings: Settings) -> tuple[str, ...]:
    """The projects whose machines on AWS are of other types than everybody's."""
    usual_ones, on_aws = machine_types(settings), [key for key in settings.projects if engine_name(settings, key) in ON_AWS]
    own = {key: {**usual_ones, **_said_types(settings.projects[key].terraform.variables)} for key in on_aws}
    return tuple(key for key, found in own.items() if found != usual_ones)


def _said_types(variables: Mapping[str, Any]) -> Mapping[str, str]:
    found = variables.get("instance_types")
    return found if isinstance(found, Mapping) else {}

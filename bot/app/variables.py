"""The variables of Terraform's module that a project has of its own, held against what the module knows."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from bot.settings import Settings, SettingsError
from bot.settings.engines import engine_name
from provisioner.terraform.records import DATA
from provisioner.terraform.variables import OURS

_TOLD = OURS | DATA | {"on_paper"}
"""What Trellis says of each environment."""

_SHARED = frozenset({"region", "account", "partition", "data_bucket"})
"""What Trellis itself goes by, whosever environment it is."""


def of_projects(settings: Settings, module: str, declared: frozenset[str]) -> Mapping[str, Mapping[str, Any]]:
    """By the project's key, of those whose engine is this module. Raises SettingsError for a name that cannot be one."""
    found = {key: each.terraform.variables for key, each in settings.projects.items() if engine_name(settings, key) == module}
    for key, variables in found.items():
        for name in variables:
            _check(f"TRELLIS_PROJECTS__{key.upper()}__TERRAFORM__VARIABLES__{name.upper()}", name, module, declared)
    return {key: variables for key, variables in found.items() if variables}


def _check(where: str, name: str, module: str, declared: frozenset[str]) -> None:
    if name in _TOLD:
        raise SettingsError(f"{where}: Trellis says this of each environment itself: take it out")
    if name in _SHARED:
        raise SettingsError(f"{where}: this is the same for all projects: set TRELLIS_TERRAFORM__VARIABLES__{name.upper()}")
    if name not in declared:
        near = get_close_matches(name, declared - _TOLD - _SHARED, 1)
        raise SettingsError(f"{where}: {module} has no such variable" + (f"; did you mean {near[0]}?" if near else ", see its README"))

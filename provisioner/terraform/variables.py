"""What every module is told of an environment. Values only: nothing that a person said is ever HCL, a file's name or an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine import Bare, Spec
from provisioner.moments import moment
from provisioner.terraform.records import Data
from provisioner.terraform.settings import TerraformSettings

_NONE = "none"  # for what is taken down and not known any more


OURS = frozenset({"environment", "slug", "project", "size", "created_at", "hard_deadline"})
"""What every module is told of an environment by us."""


def bare_of(spec: Spec) -> Bare:
    return Bare(spec.environment, spec.slug, spec.source.project, spec.size)


def variables(settings: TerraformSettings, bare: Bare, created_at: float, data: Data | None = None) -> dict[str, Any]:
    """`created_at` in seconds since 1970. The operator's own come first: none of them can take the place of ours."""
    return {
        **settings.variables,
        "environment": bare.environment,
        "slug": bare.slug,
        "project": bare.project,
        "size": bare.size,
        "created_at": moment(created_at),
        "hard_deadline": moment(created_at + settings.longest_life_s),
        **(data.variables if data else {}),
    }


def for_the_end(settings: TerraformSettings, environment: str, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """To take down what is there; what it is goes by its state, so values that fit are enough when the true ones are lost."""
    then = moment(0)
    ours = {"environment": environment, "slug": _NONE, "project": _NONE, "size": "small", "created_at": then, "hard_deadline": then}
    return {**ours, **settings.variables, **(known or {})}

"""A plan, as whoever keeps it knows it: what it is for, and that it is the one whose hash it bears."""

from __future__ import annotations

from dataclasses import dataclass

from libdeploy.errors import DeployError
from libdeploy.plan import plan_of


class BrokenPlan(Exception):  # noqa: N818 - a sentence, as the ports have them
    """These bytes are no plan, or not the one whose hash they bear."""


@dataclass(frozen=True)
class Planned:
    """`artifact` is a SHA-256, `drivers` are the names of whoever makes its things real, `base` is "" where nobody looked."""

    service: str
    environment: str
    artifact: str
    plan_hash: str
    base: str
    drivers: frozenset[str]
    items: int


def planned(data: bytes) -> Planned:
    """Raises BrokenPlan."""
    try:
        plan = plan_of(data)
    except (DeployError, RecursionError) as error:
        raise BrokenPlan(str(error)) from error
    drivers = frozenset(each.driver for each in plan.items)
    return Planned(plan.service, plan.environment, plan.artifact, plan.plan_hash, plan.base or "", drivers, len(plan.items))

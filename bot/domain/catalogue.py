"""What can be deployed where, as the operator configured it: services, deploy groups, and the shared environments in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.domain.freezes import Freeze
from bot.domain.gates import Gate

MONO = "mono"
"""The deploy group of everything."""


class TargetKind(StrEnum):
    HOST = "host"  # programs on the host that the local runner runs on
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class SharedEnvironment:
    """Where services of many people run together: dev, staging, prod. Not one branch's own.

    `position` is its place in the order; `after` names the environment in which an artifact must run, or have run, first ("": none).
    """

    key: str
    position: int
    target: TargetKind = TargetKind.HOST
    namespace: str = ""
    after: str = ""
    asks: bool = False  # another person has to say yes
    merged_only: bool = False  # takes only what is on the protected branch, by the forge's word
    continuous: frozenset[str] = frozenset()  # services that follow merged main here by themselves
    freezes: tuple[Freeze, ...] = ()  # in which nothing begins
    config: Mapping[str, Any] = field(default_factory=dict)  # by service: what differs here
    rights: Mapping[str, str] = field(default_factory=dict)  # variables that runs with rights get; their values are secret


@dataclass(frozen=True)
class Service:
    """A folder of a repository with a deploy.py."""

    key: str
    project: str
    folder: str = ""
    environments: tuple[str, ...] = ()  # where it may run; () for everywhere
    gates: tuple[Gate, ...] = ()  # what has to be said of an artifact before it goes anywhere


@dataclass(frozen=True)
class DeployGroup:
    """Services that are deployed as one act: the stages in order, the services of one stage side by side."""

    key: str
    stages: tuple[tuple[str, ...], ...]

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(each for stage in self.stages for each in stage)


@dataclass(frozen=True)
class Catalogue:
    services: Mapping[str, Service] = field(default_factory=dict)
    environments: Mapping[str, SharedEnvironment] = field(default_factory=dict)
    groups: Mapping[str, DeployGroup] = field(default_factory=dict)

    def in_order(self) -> tuple[SharedEnvironment, ...]:
        return tuple(sorted(self.environments.values(), key=lambda each: each.position))

    def groups_of(self, service: str) -> tuple[str, ...]:
        """The groups that it is in, by name."""
        return tuple(sorted(key for key, group in self.groups.items() if service in group.services))

    def group(self, key: str) -> DeployGroup | None:
        """The group of that name. `mono` is everything, side by side, unless the operator says in which order."""
        if key == MONO and key not in self.groups and self.services:
            return DeployGroup(MONO, (tuple(sorted(self.services)),))
        return self.groups.get(key)

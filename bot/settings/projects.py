"""The settings of a project, and of the datasets that are offered for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from bot.settings.parts import GroupRoles, Identifier, PeopleRoles, Sizes
from bot.settings.terraform import Module, ProjectTerraform


class SeedSettings(BaseModel):
    """A dataset of the operator's: an archive or folder on this host, or for machines a snapshot of EBS, and how large its disk is."""

    model_config = {"extra": "forbid"}

    archive: Path | None = None
    snapshot: str = Field(default="", pattern=r"^(snap-[0-9a-f]{8,17})?$")
    gigabytes: int = Field(default=0, ge=0, le=16384)
    description: Annotated[str, Field(max_length=200)] = ""
    minutes: Annotated[float, Field(gt=0, le=60)] = 10

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.archive) == bool(self.snapshot):
            raise ValueError("a dataset is an archive or a snapshot: set one of them")
        if bool(self.snapshot) != bool(self.gigabytes):
            raise ValueError("gigabytes says how large the disk of a snapshot is: it goes with snapshot, and snapshot with it")
        return self


class ProjectSettings(BaseModel):
    """A repository that environments are made of."""

    model_config = {"extra": "forbid"}

    forge: Literal["github", "gitlab", "local"]
    id: Identifier = ""
    path: str = ""
    clone_url: str
    default_branch: str = "main"
    receive: Literal["hooks", "polling", "both"] = "hooks"
    slack_channels: tuple[str, ...] | str = ()
    sleeps: str = ""
    engine: Literal["local", "terraform"] | None = None  # None: as for all
    module: Module = ""  # "": as for all
    terraform: ProjectTerraform = ProjectTerraform()
    tilt_arguments: tuple[str, ...] | str = ()  # what `-- …` may hold, as patterns: `--only`, `web`, `--env=*`
    sizes: Sizes = ("small", "medium", "large")
    seeds: dict[str, SeedSettings] = Field(default_factory=dict)
    statuses: bool = True
    deployments: bool = True
    people: PeopleRoles = Field(default_factory=dict)
    groups: GroupRoles = Field(default_factory=dict)

    @property
    def channels(self) -> tuple[str, ...]:
        """Slack channel ids, written as a list or as `C1,C2`."""
        return tuple(self.slack_channels.replace(",", " ").split()) if isinstance(self.slack_channels, str) else self.slack_channels

    @property
    def tilt_allowed(self) -> tuple[str, ...]:
        """Written as a list or with spaces between."""
        return tuple(self.tilt_arguments.split()) if isinstance(self.tilt_arguments, str) else self.tilt_arguments

"""The settings of the look at the cloud's account."""

from __future__ import annotations

from pydantic import BaseModel, Field


class SweepSettings(BaseModel):
    """The look at the cloud's account for what has no counterpart. `region` "": there is none to look at.

    Machines are those of `region` that bear our mark; states those in `bucket`, else in the data folder. With `rows` every environment has
    a machine there, and one without is made again. Nothing is done in a dry run (`dry_run`), and nothing at first sight: what is left over
    goes after `grace_minutes`, a branch that is not there ends its environments `asked_hours` after their owner was told, a state without a
    machine goes after `state_days`, a machine that nobody knows after `unknown_hours` (0: it is only told of). `at_once` ends in one look.
    """

    model_config = {"extra": "forbid"}

    region: str = ""
    bucket: str = ""
    prefix: str = "trellis"
    rows: bool = False
    dry_run: bool = False
    every_minutes: float = Field(default=10, ge=2)
    grace_minutes: float = Field(default=30, ge=5)
    asked_hours: float = Field(default=24, ge=1)
    state_days: float = Field(default=7, ge=1)
    unknown_hours: float = Field(default=0, ge=0)
    at_once: int = Field(default=20, ge=1)

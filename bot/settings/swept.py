"""Where the sweep looks: what `[sweep]` says, else what `[terraform]` makes machines by."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings.engines import lacking, makes_machines, modules
from bot.settings.wanting import require
from bot.settings.whole import Settings

PREFIX = "trellis"
"""Under which the engine's backend keeps states in a bucket."""


@dataclass(frozen=True)
class Swept:
    """`region` "": nothing is looked at. `bucket` "": states are in the data folder. `rows`: whoever has no machine is missed."""

    region: str
    bucket: str
    prefix: str
    rows: bool


def swept(settings: Settings) -> Swept:
    told, terraform = settings.sweep, settings.terraform
    may_be_there = makes_machines(settings) or not lacking(settings)  # no more are made, and some may be left
    usual = str(terraform.variables.get("region", "")) if may_be_there else ""
    region = usual if told.region is None else told.region
    rows = makes_machines(settings) if told.rows is None else told.rows
    return Swept(region, told.bucket or terraform.state_bucket, told.prefix, rows)


def check_sweep(settings: Settings) -> None:
    """To look elsewhere than Terraform works is to take what is there for gone. Raises SettingsError."""
    told, terraform = settings.sweep, settings.terraform
    if not swept(settings).region:
        return
    if makes_machines(settings):
        region = str(terraform.variables.get("region", ""))
        require(
            told.region in {None, "", region}, f"TRELLIS_SWEEP__REGION is {told.region}, and machines are made in {region}: take it out"
        )
    if modules(settings):
        where = terraform.state_bucket or "the data folder"
        is_same = told.bucket in {"", terraform.state_bucket}
        require(is_same, f"TRELLIS_SWEEP__BUCKET is {told.bucket}, and Terraform's states are in {where}: take it out")
        is_found = not terraform.state_bucket or told.prefix.rstrip("/") == PREFIX
        require(is_found, f"TRELLIS_SWEEP__PREFIX is {told.prefix}, and Terraform's states are under {PREFIX}/: take it out")

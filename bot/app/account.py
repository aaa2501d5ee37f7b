"""The cloud's account, where the settings name one."""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.settings import Settings, SettingsError
from bot.settings.engines import machineless
from bot.worker.strays import Account
from provisioner import ec2
from provisioner.machines import States
from provisioner.terraform.settings import TerraformSettings
from provisioner.terraform.states import BucketStates, LocalStates


def account_of(settings: Settings) -> Account | None:
    """None where there is none to look at. Raises SettingsError."""
    told = settings.sweep
    if not told.region:
        return None
    try:
        client = partial(ec2.client, region=told.region)
        return Account(ec2.Ec2Machines(client("ec2")), _states(settings, client), told.rows, machineless(settings))
    except ImportError:
        raise SettingsError("TRELLIS_SWEEP__REGION: looking at AWS needs boto3: make extra NAME=s3") from None


def _states(settings: Settings, client: Any) -> States:
    if settings.sweep.bucket:
        return BucketStates(client("s3"), settings.sweep.bucket, settings.sweep.prefix)
    return LocalStates(TerraformSettings(settings.data_dir).states)

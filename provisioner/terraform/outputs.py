"""What a module says of what it made, as engines have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.engine import Access, Address
from provisioner.setup.machines import Instance
from provisioner.terraform.records import Data


def instance_of(outputs: Mapping[str, Any]) -> Instance:
    made = outputs["machine"]
    return Instance(str(made["id"]), str(made.get("private_ip", "127.0.0.1")))  # local-env's is this one


def volume_of(outputs: Mapping[str, Any]) -> str:
    """The disk of data that the machine has, "" for none."""
    data = outputs.get("data")
    return str(data["volume_id"]) if data else ""


def data_of(outputs: Mapping[str, Any]) -> Data | None:
    """What that disk is of."""
    data = outputs.get("data")
    return Data(str(data["snapshot_id"]), int(data["gb"]), int(data["asked"])) if data else None


def with_addresses(access: Access, outputs: Mapping[str, Any]) -> Access:
    """The services' addresses, and after them those that the machine itself answers at."""
    named = {each.service for each in access.addresses}
    own = tuple(Address(name, url) for name, url in sorted(outputs.get("addresses", {}).items()) if name not in named)
    return replace(access, addresses=(*access.addresses, *own))

"""Machines in AWS: EC2's instances that bear our mark, asked for page by page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from provisioner.engine import EngineUnavailable
from provisioner.machines import Machine

MARK, SLUG, PROJECT = "trellis:environment", "trellis:slug", "trellis:project"
_ALIVE = ("pending", "running", "stopping", "stopped")
_PAGE = 500
_TRIES = 8
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

T = TypeVar("T")


def client(service: str, *, region: str, tries: int = _TRIES, **more: Any) -> Any:
    """Credentials are found as boto3 finds them; what is throttled is asked again, ever more slowly. Raises ImportError without boto3."""
    import boto3  # noqa: PLC0415 - of an extra
    from botocore.config import Config  # noqa: PLC0415

    told = Config(retries={"mode": "adaptive", "total_max_attempts": tries}, connect_timeout=10, read_timeout=60)
    return boto3.client(service, region_name=region, config=told, **more)


class Ec2Machines:
    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    async def all(self) -> tuple[Machine, ...]:
        return await asyncio.to_thread(asked, "listing instances", lambda: tuple(_machine(each) for each in self._pages()))

    async def remove(self, id: str) -> None:
        await asyncio.to_thread(asked, f"taking down {id}", lambda: self._terminate(id))

    def _pages(self) -> Iterator[Mapping[str, Any]]:
        asked = [{"Name": "tag-key", "Values": [MARK]}, {"Name": "instance-state-name", "Values": list(_ALIVE)}]
        for page in self._ec2.get_paginator("describe_instances").paginate(Filters=asked, PaginationConfig={"PageSize": _PAGE}):
            for reservation in page["Reservations"]:
                yield from reservation["Instances"]

    def _terminate(self, id: str) -> None:
        try:
            self._ec2.terminate_instances(InstanceIds=[id])
        except Exception as error:
            if "InvalidInstanceID.NotFound" not in str(error):
                raise


def _machine(instance: Mapping[str, Any]) -> Machine:
    labels = {each["Key"]: each["Value"] for each in instance.get("Tags", [])}
    environment, slug, project = (_word(labels.get(key)) for key in (MARK, SLUG, PROJECT))
    return Machine(instance["InstanceId"], environment, slug, project, instance["LaunchTime"].timestamp())


def _word(text: str | None) -> str:
    """What can be an id, a slug or a project's key; anybody may have written anything there."""
    return text if text and _WORD.fullmatch(text) else ""


def asked(what: str, ask: Callable[[], T]) -> T:
    """What AWS answers. Raises EngineUnavailable, whatever is in the way."""
    try:
        return ask()
    except Exception as error:  # botocore's have no other base that is there without it
        raise EngineUnavailable(f"AWS, {what}: {error}") from error

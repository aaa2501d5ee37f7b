"""The reaper of last resort as Lambda has it: a module of its own, run with the test's clock, on moto or on answers that a test gives."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from provisioner.terraform.settings import MODULES

NOW = datetime.now(UTC)


def the_module() -> Any:
    spec = importlib.util.spec_from_file_location("reaper", MODULES / "platform" / "reaper" / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reap(at: datetime, *, is_dry: bool = False) -> dict[str, Any]:
    done: dict[str, Any] = the_module().handler({"dry_run": is_dry}, None, lambda: at)
    return done


def answers(at: datetime, *pages: Any, refused: Callable[[list[str]], str] = lambda _: "") -> dict[str, Any]:
    """What the reaper does where EC2 answers these pages one after the other; an exception among them is what it says instead."""
    module, asked = the_module(), list[list[str]]()

    class Ec2:
        def get_paginator(self, _: str) -> Ec2:
            return self

        def paginate(self, **_: object) -> Any:
            for page in pages:
                if isinstance(page, Exception):
                    raise page
                yield {"Reservations": [{"Instances": page}]}

        def terminate_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803 - boto3's
            asked.append(InstanceIds)
            if said := refused(InstanceIds):
                raise RuntimeError(said)

    module.boto3 = SimpleNamespace(client=lambda *_, **__: Ec2())
    try:
        return {**module.handler({}, None, lambda: at), "asked": asked}
    except RuntimeError as error:
        return {"raised": str(error), "asked": asked}


def machine(id: str, made: datetime, *, deadline: str = "", started: datetime | None = None) -> dict[str, Any]:
    """As EC2 tells of one that was made then, and stopped and started since."""
    tags = [{"Key": "trellis:environment", "Value": "a"}, *([{"Key": "trellis:hard-deadline", "Value": deadline}] if deadline else [])]
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1", "AttachTime": made}}
    return {"InstanceId": id, "LaunchTime": started or made, "Tags": tags, "BlockDeviceMappings": [disk], "NetworkInterfaces": []}

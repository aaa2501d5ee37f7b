"""Stopping a machine, so that only its disks are paid for, starting it again, and having all of its disks end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from provisioner.ec2 import asked
from provisioner.engine import EngineUnavailable

_LOOK_S = (1.0, 2.0, 3.0, 5.0)
_WITHIN_S = 600.0  # the longest that EC2 is known to take over a stop is some minutes
_GOING = frozenset({"shutting-down", "terminated"})


class Power(Protocol):
    """Each returns when it is so, and is success when it was so already. All raise EngineUnavailable."""

    async def stop(self, machine: str) -> None: ...

    async def start(self, machine: str) -> bool:
        """Whether it had to be started. One that is not there any more is left to whoever makes it anew: False."""

    async def bind(self, machine: str, device: str) -> None:
        """Have a disk that was attached end with it, whoever ends it: Terraform has no word for that, and a reaper knows no states."""


class Ec2Power(Power):
    """`make` gives a boto3 client of EC2; `look_s` is the patience between two looks, the last for all that follow."""

    def __init__(self, make: Callable[[], Any], look_s: tuple[float, ...] = _LOOK_S, within_s: float = _WITHIN_S) -> None:
        self._make, self._look_s, self._within_s = make, look_s, within_s
        self._client: Any = None

    async def stop(self, machine: str) -> None:
        if await self._state(machine) in {"", "stopped", *_GOING}:
            return
        await self._ask(f"stopping {machine}", lambda ec2: ec2.stop_instances(InstanceIds=[machine]))
        await self._until(machine, "stopped")

    async def start(self, machine: str) -> bool:
        state = await self._state(machine)
        if state in {"", "running", *_GOING}:
            return False
        if state == "stopping":  # EC2 refuses to start what has not stopped yet
            await self._until(machine, "stopped")
        await self._ask(f"starting {machine}", lambda ec2: ec2.start_instances(InstanceIds=[machine]))
        await self._until(machine, "running")
        return True

    async def bind(self, machine: str, device: str) -> None:
        mapping = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": True}}]
        what = f"having {device} of {machine} go with it"
        await self._ask(what, lambda ec2: ec2.modify_instance_attribute(InstanceId=machine, BlockDeviceMappings=mapping))

    async def _until(self, machine: str, wanted: str) -> None:
        looks, state = iter(self._look_s), "not known"
        try:
            async with asyncio.timeout(self._within_s):
                while True:
                    state = await self._state(machine)
                    if state in {wanted, "", *_GOING}:
                        return
                    await asyncio.sleep(next(looks, self._look_s[-1]))
        except TimeoutError:
            raise EngineUnavailable(f"{machine} is not {wanted} after {self._within_s:.0f} s: {state}") from None

    async def _state(self, machine: str) -> str:
        """As EC2 calls it; "" for one that it does not know."""
        try:
            said = await self._ask(f"looking at {machine}", lambda ec2: ec2.describe_instances(InstanceIds=[machine]))
        except EngineUnavailable as error:
            if "InvalidInstanceID.NotFound" in str(error):
                return ""
            raise
        found = [instance for each in said["Reservations"] for instance in each["Instances"]]
        return str(found[0]["State"]["Name"]) if found else ""

    async def _ask(self, what: str, ask: Callable[[Any], Any]) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(self._make)
        return await asyncio.to_thread(asked, what, lambda: ask(self._client))

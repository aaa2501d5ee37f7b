"""Images in AWS: baked on an instance that the roles set up as they do every machine, and known by their labels."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from provisioner.ec2 import MARK, SLUG, asked
from provisioner.engine import EngineFailed, StageName
from provisioner.images import Bakery, Image, Stock, Tell
from provisioner.moments import at, moment
from provisioner.setup.command import version
from provisioner.setup.plan import BAKED
from provisioner.setup.programs import Programs
from provisioner.setup.shell import Shell
from provisioner.setup.steps import SentRoles, Step

DEADLINE, BUILDER, SET_UP, IMAGE, BAKE, VERSION, BAKED_AT = (
    f"trellis:{name}" for name in ("hard-deadline", "builder", "set-up", "image", "bake", "version", "baked-at")
)
_ALIVE = ("pending", "running", "stopping", "stopped")
_LOOK_S = (1.0, 2.0, 5.0, 10.0)
_DISK_GB = 60
_ID = re.compile(r"[0-9a-z]{1,32}")

T = TypeVar("T")


@dataclass(frozen=True)
class Oven:
    """Where images are baked. `name` tells those of one Trellis from another's in the same account; `base` is the image they begin from."""

    name: str
    base: str
    instance_type: str
    subnet: str
    security_group: str
    profile: str
    programs: Programs = field(default_factory=dict)


@dataclass(frozen=True)
class _Builder:
    id: str
    is_set_up: bool = False


class Ec2Bakery(Bakery):
    """`make` gives a boto3 client of EC2; `look_s` is the patience between two looks, the last for all that follow."""

    def __init__(self, make: Callable[[], Any], shell: Shell, oven: Oven, look_s: tuple[float, ...] = _LOOK_S) -> None:
        self._make, self._shell, self._oven, self._look_s = make, shell, oven, look_s
        self._client: Any = None

    def version(self) -> str:
        return version(self._oven.base, self._oven.programs)

    async def _asked(self, what: str, ask: Callable[[Any], T]) -> T:
        def run() -> T:
            if self._client is None:
                self._client = self._make()
            return ask(self._client)

        return await asyncio.to_thread(asked, what, run)

    # ------------------------------------------------------------ baking
    async def bake(self, id: str, deadline: float, tell: Tell) -> str:
        image = await self._image_of(id)
        if image is None:
            machine = await self._builder(id, deadline)
            if not machine.is_set_up:
                await self._set_up(machine.id, tell)
            tell("stopping its builder")
            await self._stopped(machine.id)
            tell("making the image")
            image = await self._asked("making an image", lambda ec2: self._create(ec2, id, machine.id))
        tell("waiting until it is usable")
        await self._usable(image)
        await self._asked("labelling an image's disks", lambda ec2: self._label_disks(ec2, id, image))
        return image

    async def _image_of(self, id: str) -> str | None:
        return next((each.id for each in await self._asked("listing images", self._images) if each.bake == id), None)

    async def _builder(self, id: str, deadline: float) -> _Builder:
        """The one there is, or a new one."""
        there = await self._asked("listing builders", lambda ec2: [each for each in self._builders(ec2) if _labels(each).get(BAKE) == id])
        if there:
            return _Builder(there[0]["InstanceId"], SET_UP in _labels(there[0]))
        return _Builder(await self._asked("starting a builder", lambda ec2: self._run(ec2, id, deadline)))

    async def _set_up(self, machine: str, tell: Tell) -> None:
        """By the roles that set every machine up; that they are through is written on it, for who takes it up."""
        roles = SentRoles(self._shell, _LOOK_S[-1])
        for number, step in enumerate(BAKED, 1):
            tell(f"{step} ({number} of {len(BAKED)})")
            await roles.carry_out(machine, Step(step, programs=self._oven.programs), StageName.CONFIGURING)
        done = _tags({SET_UP: self.version()})
        await self._asked(f"labelling {machine}", lambda ec2: ec2.create_tags(Resources=[machine], Tags=done))

    def _run(self, ec2: Any, id: str, deadline: float) -> str:
        """No key pair and no user data: it is reached through SSM, as machines of environments are."""
        labels = {"Name": f"trellis-image-{id}", MARK: id, SLUG: "image", BUILDER: self._oven.name, BAKE: id, DEADLINE: moment(deadline)}
        disk = {"VolumeType": "gp3", "VolumeSize": _DISK_GB, "Encrypted": True, "DeleteOnTermination": True}
        found = ec2.describe_images(ImageIds=[self._oven.base])["Images"]
        device = found[0].get("RootDeviceName", "/dev/sda1") if found else "/dev/sda1"
        made = ec2.run_instances(
            ImageId=self._oven.base,
            InstanceType=self._oven.instance_type,
            MinCount=1,
            MaxCount=1,
            ClientToken=id,
            SubnetId=self._oven.subnet,
            SecurityGroupIds=[self._oven.security_group],
            IamInstanceProfile={"Name": self._oven.profile},
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            BlockDeviceMappings=[{"DeviceName": device, "Ebs": disk}],
            TagSpecifications=[{"ResourceType": kind, "Tags": _tags(labels)} for kind in ("instance", "volume")],
        )
        return str(made["Instances"][0]["InstanceId"])

    async def _stopped(self, machine: str) -> None:
        await self._asked(f"stopping {machine}", lambda ec2: ec2.stop_instances(InstanceIds=[machine]))
        for wait_s in self._waits():
            said = await self._asked(f"looking at {machine}", lambda ec2: ec2.describe_instances(InstanceIds=[machine]))
            state = said["Reservations"][0]["Instances"][0]["State"]["Name"]
            if state == "stopped":
                return
            if state not in _ALIVE:
                raise EngineFailed(StageName.CONFIGURING, f"its builder {machine} is {state}")
            await asyncio.sleep(wait_s)

    def _create(self, ec2: Any, id: str, machine: str) -> str:
        now = moment(time.time())
        labels = {"Name": f"trellis-image-{id}", IMAGE: self._oven.name, BAKE: id, VERSION: self.version(), BAKED_AT: now}
        tags = [{"ResourceType": "image", "Tags": _tags(labels)}]
        return str(ec2.create_image(InstanceId=machine, Name=f"trellis-{self._oven.name}-{id}", TagSpecifications=tags)["ImageId"])

    async def _usable(self, image: str) -> None:
        for wait_s in self._waits():
            found = await self._asked(f"looking at {image}", lambda ec2: ec2.describe_images(Owners=["self"], ImageIds=[image])["Images"])
            state = found[0]["State"] if found else "pending"
            if state == "available":
                return
            if state not in {"pending", "transient"}:
                raise EngineFailed(StageName.CONFIGURING, f"AWS could not make the image {image}: it is {state}")
            await asyncio.sleep(wait_s)

    def _label_disks(self, ec2: Any, id: str, image: str) -> None:
        """Not with the image: so that disks of one that is gone are found, whenever we stop."""
        disks = [disk for each in ec2.describe_images(ImageIds=[image])["Images"] for disk in _disks(each)]
        if disks:
            ec2.create_tags(Resources=disks, Tags=_tags({IMAGE: self._oven.name, BAKE: id}))

    def _waits(self) -> Iterator[float]:
        yield from self._look_s[:-1]
        while True:
            yield self._look_s[-1]

    # ------------------------------------------------------------ taking away
    async def clear(self, id: str) -> None:
        def gone(ec2: Any) -> None:
            ids = [each["InstanceId"] for each in self._builders(ec2) if _labels(each).get(BAKE) == id]
            if ids:
                ec2.terminate_instances(InstanceIds=ids)

        await self._asked("taking a builder down", gone)

    async def forget(self, image: str) -> None:
        """Its disks' ids are known only as long as it is there: those that are left behind are found by their labels."""

        def gone(ec2: Any) -> None:
            found = [each for each in self._raw_images(ec2) if each["ImageId"] == image]
            for each in found:
                with _already_gone():
                    ec2.deregister_image(ImageId=image)
                for disk in _disks(each):
                    with _already_gone():
                        ec2.delete_snapshot(SnapshotId=disk)

        await self._asked(f"taking {image} away", gone)

    # ------------------------------------------------------------ looking
    async def stock(self) -> Stock:
        def seen(ec2: Any) -> Stock:
            found = self._raw_images(ec2)
            self._drop_loose_disks(ec2, {disk for each in found for disk in _disks(each)})
            images = tuple(_image(each) for each in found)
            builders = frozenset(bake for each in self._builders(ec2) if (bake := _labels(each).get(BAKE)))
            return Stock(images, builders, self._used(ec2, images))

        return await self._asked("looking at images", seen)

    def _drop_loose_disks(self, ec2: Any, needed: set[str]) -> None:
        """Of images that are gone: somebody was stopped between the two."""
        for page in ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=[self._of(IMAGE)]):
            for each in page["Snapshots"]:
                if each["SnapshotId"] not in needed:
                    with _already_gone():
                        ec2.delete_snapshot(SnapshotId=each["SnapshotId"])

    def _of(self, key: str) -> dict[str, Any]:
        return {"Name": f"tag:{key}", "Values": [self._oven.name]}

    def _builders(self, ec2: Any) -> list[Mapping[str, Any]]:
        asked_for = [self._of(BUILDER), {"Name": "instance-state-name", "Values": list(_ALIVE)}]
        return _instances(ec2, asked_for)

    def _used(self, ec2: Any, images: tuple[Image, ...]) -> frozenset[str]:
        if not images:
            return frozenset()
        asked_for = [{"Name": "image-id", "Values": [each.id for each in images]}, {"Name": "instance-state-name", "Values": list(_ALIVE)}]
        return frozenset(each["ImageId"] for each in _instances(ec2, asked_for))

    def _raw_images(self, ec2: Any) -> list[Mapping[str, Any]]:
        pages = ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=[self._of(IMAGE)])
        return [each for page in pages for each in page["Images"]]

    def _images(self, ec2: Any) -> tuple[Image, ...]:
        return tuple(_image(each) for each in self._raw_images(ec2))


def _instances(ec2: Any, filters: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    pages = ec2.get_paginator("describe_instances").paginate(Filters=filters)
    return [each for page in pages for reservation in page["Reservations"] for each in reservation["Instances"]]


def _image(found: Mapping[str, Any]) -> Image:
    labels = _labels(found)
    bake, of = labels.get(BAKE, ""), labels.get(VERSION, "")
    if not (_ID.fullmatch(bake) and _ID.fullmatch(of)):  # anybody may have written anything there
        bake = of = ""
    return Image(found["ImageId"], bake, of, _baked_at(labels.get(BAKED_AT, "")), found["State"] == "available")


def _disks(image: Mapping[str, Any]) -> list[str]:
    return [disk for each in image.get("BlockDeviceMappings", []) if (disk := each.get("Ebs", {}).get("SnapshotId"))]


def _labels(found: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in found.get("Tags", [])}


def _tags(labels: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in labels.items()]


def _baked_at(label: str) -> float:
    """Anybody may have written anything there: then it is older than all others."""
    try:
        return at(label)
    except ValueError:
        return 0.0


@contextlib.contextmanager
def _already_gone() -> Iterator[None]:
    """What is in use is somebody else's to take away."""
    try:
        yield
    except Exception as error:
        if not any(word in str(error) for word in ("NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.InUse")):
            raise

"""What a run that was killed had made before its state knew of it: taken away, so that it is in nobody's way and does not stay."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from provisioner.ec2 import MARK, asked
from provisioner.engine import EngineFailed, EngineUnavailable, StageName

_log = structlog.get_logger()

INSTANCE, DISK, GROUP, PROFILE, ROLE = "aws_instance", "aws_ebs_volume", "aws_security_group", "aws_iam_instance_profile", "aws_iam_role"
POLICY = "aws_iam_role_policy"
INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"
_PATH = "/trellis/environments/"
_ALIVE = ("pending", "running", "shutting-down", "stopping", "stopped")
_LOOK_S = (1.0, 2.0, 3.0, 5.0)
_WITHIN_S = 600.0
# IAM knows the path of a role only while there is the role: who may ask below one path is refused where there is none.
_ABSENT = ("NoSuchEntity", "AccessDenied", "NotFound")

Known = Mapping[str, frozenset[str]]
"""The ids that a state has, by Terraform's type."""


class Remains(Protocol):
    async def clear(self, left: Left) -> None:
        """Take away all that bears this environment's id and is not known. Raises StaleFence, EngineFailed, EngineUnavailable."""


@dataclass(frozen=True)
class Left:
    """`claim` raises StaleFence when somebody with a newer lease has been here; `ran` is a machine that is never taken away, "" for none.

    `apart` are the types of which the module has resources: then what a group's rules and a role's policies are is said there.
    """

    environment: str
    known: Known
    claim: Callable[[], None]
    ran: str = ""
    apart: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """As the modules mint it."""
        return f"env-{self.environment}"

    def unknown(self, type_: str, ids: set[str]) -> list[str]:
        return sorted(ids - self.known.get(type_, frozenset()))


def known(state: bytes) -> Known:
    """Of what `terraform state pull` says; nothing of a state that there is not yet. Raises EngineUnavailable for what is no state."""
    found: dict[str, set[str]] = defaultdict(set)
    try:
        resources = json.loads(state or b"{}").get("resources", [])
    except ValueError as error:
        raise EngineUnavailable(f"Terraform's state cannot be read: {error}") from error
    for resource in resources:
        if resource.get("mode") == "managed":
            made = (each.get("attributes") or {} for each in resource.get("instances", []))
            found[resource["type"]].update(str(each["id"]) for each in made if each.get("id"))
    return {type_: frozenset(ids) for type_, ids in found.items()}


class AwsRemains(Remains):
    """`make` gives a boto3 client of a service; `look_s` is the patience between two looks, the last for all that follow."""

    def __init__(self, make: Callable[[str], Any], look_s: tuple[float, ...] = _LOOK_S, within_s: float = _WITHIN_S) -> None:
        self._make, self._look_s, self._within_s = make, look_s, within_s
        self._clients: dict[str, Any] = {}

    async def clear(self, left: Left) -> None:
        """Machines first: what they use cannot go before them."""
        await self._instances(left)
        await self._disks(left)
        await self._groups(left)
        await self._profile(left)
        await self._role(left)

    # ------------------------------------------------------------ machines and disks
    async def _instances(self, left: Left) -> None:
        gone = left.unknown(INSTANCE, set(await self._alive(left)))
        if left.ran in gone:
            reason = (
                f"its machine {left.ran} is there, and Terraform's state does not know it: put the state back, or terminate the environment"
            )
            raise EngineFailed(StageName.PROVISIONING, reason, code="terraform_failed")
        for id_ in gone:
            await self._remove(left, id_, "ec2", "terminate_instances", InstanceIds=[id_])
        await self._until("machines", lambda: self._alive(left), frozenset(gone))

    async def _alive(self, left: Left) -> frozenset[str]:
        filters = [_marked(left), {"Name": "instance-state-name", "Values": list(_ALIVE)}]
        pages = await self._pages("describe_instances", Filters=filters)
        found = [each for page in pages for one in page["Reservations"] for each in one["Instances"]]
        return frozenset(each["InstanceId"] for each in found if _profile_of(each).endswith(f":instance-profile{_PATH}{left.name}"))

    async def _disks(self, left: Left) -> None:
        """A disk has nothing but its label: one that is at somebody else's machine is left alone."""
        attached, own = await self._attached(left), await self._alive(left)
        gone = left.unknown(DISK, {id_ for id_, machines in attached.items() if machines <= own})
        for id_ in gone:
            if attached[id_]:
                await self._remove(left, id_, "ec2", "detach_volume", VolumeId=id_, Force=True)
        await self._until("disks", self._busy(left), frozenset(gone))
        for id_ in gone:
            await self._remove(left, id_, "ec2", "delete_volume", VolumeId=id_)

    def _busy(self, left: Left) -> Callable[[], Any]:
        async def busy() -> frozenset[str]:
            return frozenset(id_ for id_, machines in (await self._attached(left)).items() if machines)

        return busy

    async def _attached(self, left: Left) -> dict[str, frozenset[str]]:
        """The machines that each disk is at."""
        pages = await self._pages("describe_volumes", Filters=[_marked(left)])
        found = [each for page in pages for each in page["Volumes"] if each["State"] != "deleting"]
        return {each["VolumeId"]: frozenset(one["InstanceId"] for one in each["Attachments"]) for each in found}

    # ------------------------------------------------------------ groups and rules
    async def _groups(self, left: Left) -> None:
        pages = await self._pages("describe_security_groups", Filters=[_marked(left), {"Name": "group-name", "Values": [left.name]}])
        ids = {each["GroupId"] for page in pages for each in page["SecurityGroups"]}
        gone = left.unknown(GROUP, ids)
        for id_ in gone:
            await self._remove(left, id_, "ec2", "delete_security_group", GroupId=id_)
        for id_ in sorted(ids - set(gone)):
            await self._rules(left, id_)

    async def _rules(self, left: Left, group: str) -> None:
        pages = await self._pages("describe_security_group_rules", Filters=[{"Name": "group-id", "Values": [group]}])
        rules = [each for page in pages for each in page["SecurityGroupRules"]]
        for type_, is_egress, verb in ((INGRESS, False, "revoke_security_group_ingress"), (EGRESS, True, "revoke_security_group_egress")):
            ids = {each["SecurityGroupRuleId"] for each in rules if each["IsEgress"] is is_egress}
            for id_ in left.unknown(type_, ids) if type_ in left.apart else ():
                await self._remove(left, id_, "ec2", verb, GroupId=group, SecurityGroupRuleIds=[id_])

    # ------------------------------------------------------------ roles and profiles
    async def _profile(self, left: Left) -> None:
        name = left.name
        found = await self._one(
            "looking for its profile", lambda iam: iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        )
        if found is None or not _is_its(found, left) or not left.unknown(PROFILE, {name}):
            return
        for role in [each["RoleName"] for each in found["Roles"]]:
            what = f"{role} from profile {name}"
            await self._remove(left, what, "iam", "remove_role_from_instance_profile", InstanceProfileName=name, RoleName=role)
        await self._remove(left, f"profile {name}", "iam", "delete_instance_profile", InstanceProfileName=name)

    async def _role(self, left: Left) -> None:
        name = left.name
        found = await self._one("looking for its role", lambda iam: iam.get_role(RoleName=name)["Role"])
        if found is None or not _is_its(found, left):
            return
        is_to_go = bool(left.unknown(ROLE, {name}))
        if not is_to_go and POLICY not in left.apart:
            return
        policies = await self._one("looking at its role", lambda iam: iam.list_role_policies(RoleName=name)["PolicyNames"])
        kept = left.known.get(POLICY, frozenset()) if not is_to_go else frozenset()
        for policy in [each for each in policies or () if f"{name}:{each}" not in kept]:
            await self._remove(left, f"policy {policy} of {name}", "iam", "delete_role_policy", RoleName=name, PolicyName=policy)
        if is_to_go:
            await self._remove(left, f"role {name}", "iam", "delete_role", RoleName=name)

    # ------------------------------------------------------------ asking
    async def _remove(self, left: Left, what: str, service: str, verb: str, **given: Any) -> None:
        """Already gone is success."""
        left.claim()
        try:
            await self._ask(f"taking away {what}", service, lambda client: getattr(client, verb)(**given))
        except EngineUnavailable as error:
            if "NotFound" not in str(error) and "NoSuchEntity" not in str(error) and "IncorrectState" not in str(error):
                raise
        _log.warning("remains_removed", environment=left.environment, what=what)

    async def _until(self, what: str, look: Callable[[], Any], gone: frozenset[str]) -> None:
        """None of `gone` is seen by `look` any more."""
        looks, still = iter(self._look_s), gone
        try:
            async with asyncio.timeout(self._within_s):
                while True:
                    still = still and gone & await look()
                    if not still:
                        return
                    await asyncio.sleep(next(looks, self._look_s[-1]))
        except TimeoutError:
            raise EngineUnavailable(f"AWS: {what} that are to go are still there: {', '.join(sorted(still))}") from None

    async def _one(self, what: str, ask: Callable[[Any], Any]) -> Any:
        """None: there is no such thing, or it is nothing that we may look at."""
        try:
            return await self._ask(what, "iam", ask)
        except EngineUnavailable as error:
            if any(code in str(error) for code in _ABSENT):
                return None
            raise

    async def _pages(self, verb: str, **given: Any) -> list[Mapping[str, Any]]:
        return list(await self._ask("looking for what is left", "ec2", lambda ec2: list(ec2.get_paginator(verb).paginate(**given))))

    async def _ask(self, what: str, service: str, ask: Callable[[Any], Any]) -> Any:
        if service not in self._clients:
            self._clients[service] = await asyncio.to_thread(self._make, service)
        return await asyncio.to_thread(asked, what, lambda: ask(self._clients[service]))


def _marked(left: Left) -> dict[str, Any]:
    return {"Name": f"tag:{MARK}", "Values": [left.environment]}


def _profile_of(instance: Mapping[str, Any]) -> str:
    """What a machine may do is minted, as its label is not."""
    return str(instance.get("IamInstanceProfile", {}).get("Arn", ""))


def _is_its(found: Mapping[str, Any], left: Left) -> bool:
    """Whether a role or a profile is where ours are, and bears the mark of this environment."""
    return found["Path"] == _PATH and {"Key": MARK, "Value": left.environment} in found.get("Tags", [])

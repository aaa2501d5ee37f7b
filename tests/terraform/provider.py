"""A stand-in for HashiCorp's AWS provider, in Python over boto3: the resources of modules/branch-env and no more.

It is not HashiCorp's, and what it lets pass proves nothing about that one; it is for machines where that one cannot be had. Terraform starts
it as a plugin, from a folder of packages of its own (make test-terraform makes it).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError
from tf import runner
from tf.blocks import SetNestedBlock
from tf.iface import Provider, Resource
from tf.schema import Attribute, Block, Schema
from tf.types import Bool, Map, NormalizedJson, Number, Set, String, Unknown

_WORD, _FLAG, _COUNT, _TAGS = String(), Bool(), Number(), Map(String())
State = dict[str, Any]


def _given(name: str, kind: Any = _WORD, *, is_fixed: bool = True, is_needed: bool = True) -> Attribute:
    return Attribute(name, kind, required=is_needed, optional=not is_needed, requires_replace=is_fixed)


def _made(name: str) -> Attribute:
    return Attribute(name, _WORD, computed=True)


def _labels(tags: State | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def _tags(labels: list[dict[str, str]] | None) -> State | None:
    return {each["Key"]: each["Value"] for each in labels or []} or None


class _Kind(Resource):  # type: ignore[misc]
    """`make` returns the id, `look` what there is (None: nothing), `change` brings what may change, `end` takes it away."""

    name: str
    attributes: tuple[Attribute, ...]
    blocks: tuple[SetNestedBlock, ...] = ()
    service: str

    def __init__(self, provider: Aws) -> None:
        self.region = provider.region

    @property
    def client(self) -> Any:
        return boto3.client(self.service, region_name=self.region)

    @classmethod
    def get_name(cls) -> str:
        return cls.name

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(version=1, attributes=[_made("id"), *cls.attributes], block_types=list(cls.blocks))

    def create(self, ctx: Any, planned: State) -> State | None:
        try:
            made = self.make(planned)
            return {**planned, **(self.look(made, planned) or {}), "id": made}
        except ClientError as error:
            ctx.diagnostics.add_error(f"creating {self.name}", str(error))
            return None

    def read(self, ctx: Any, current: State) -> State | None:
        try:
            found = self.look(current["id"], current)
        except ClientError as error:
            if "NotFound" not in str(error) and "NoSuchEntity" not in str(error):
                ctx.diagnostics.add_error(f"reading {self.name}", str(error))
                return current
            found = None
        return None if found is None else {**current, **found}

    def update(self, ctx: Any, current: State, planned: State) -> State:
        try:
            self.change(current["id"], planned)
            return {**planned, **(self.look(current["id"], planned) or {}), "id": current["id"]}
        except ClientError as error:
            ctx.diagnostics.add_error(f"updating {self.name}", str(error))
            return current

    def delete(self, ctx: Any, current: State) -> None:
        try:
            self.end(current["id"], current)
        except ClientError as error:
            if "NotFound" not in str(error) and "NoSuchEntity" not in str(error):
                ctx.diagnostics.add_error(f"deleting {self.name}", str(error))

    def upgrade(self, ctx: Any, version: int, old: State) -> State:
        return old

    def make(self, planned: State) -> str:
        raise NotImplementedError

    def look(self, id: str, known: State) -> State | None:
        raise NotImplementedError

    def change(self, id: str, planned: State) -> None:
        """What has no attribute that may change is never asked."""

    def end(self, id: str, current: State) -> None:
        raise NotImplementedError


class SecurityGroup(_Kind):
    name, service = "security_group", "ec2"
    attributes = (_given("name"), _given("description"), _given("vpc_id"), _given("tags", _TAGS, is_fixed=False, is_needed=False))

    def make(self, planned: State) -> str:
        labels = [{"ResourceType": "security-group", "Tags": _labels(planned["tags"])}]
        made = self.client.create_security_group(
            GroupName=planned["name"], Description=planned["description"], VpcId=planned["vpc_id"], TagSpecifications=labels
        )
        group = self.client.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"][0]
        if group["IpPermissionsEgress"]:  # as HashiCorp's: nothing goes out that nobody allowed
            self.client.revoke_security_group_egress(GroupId=made["GroupId"], IpPermissions=group["IpPermissionsEgress"])
        return str(made["GroupId"])

    def look(self, id: str, known: State) -> State | None:
        found = self.client.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
        return {"name": found["GroupName"], "description": found["Description"], "vpc_id": found["VpcId"], "tags": _tags(found.get("Tags"))}

    def change(self, id: str, planned: State) -> None:
        self.client.create_tags(Resources=[id], Tags=_labels(planned["tags"]))

    def end(self, id: str, current: State) -> None:
        self.client.delete_security_group(GroupId=id)


class _Rule(_Kind):
    service = "ec2"
    attributes = (
        _given("security_group_id"),
        _given("description", is_needed=False),
        _given("ip_protocol"),
        _given("from_port", _COUNT),
        _given("to_port", _COUNT),
        _given("cidr_ipv4", is_needed=False),
        _given("referenced_security_group_id", is_needed=False),
        _given("prefix_list_id", is_needed=False),
    )

    def _permission(self, planned: State) -> State:
        one: State = {"IpProtocol": planned["ip_protocol"], "FromPort": int(planned["from_port"]), "ToPort": int(planned["to_port"])}
        if planned["cidr_ipv4"]:
            return one | {"IpRanges": [{"CidrIp": planned["cidr_ipv4"], "Description": planned["description"] or ""}]}
        if planned["prefix_list_id"]:
            return one | {"PrefixListIds": [{"PrefixListId": planned["prefix_list_id"], "Description": planned["description"] or ""}]}
        return one | {
            "UserIdGroupPairs": [{"GroupId": planned["referenced_security_group_id"], "Description": planned["description"] or ""}]
        }

    def look(self, id: str, known: State) -> State | None:
        found = self.client.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
        return {"from_port": found[0]["FromPort"], "to_port": found[0]["ToPort"], "cidr_ipv4": found[0].get("CidrIpv4")} if found else None


class Ingress(_Rule):
    name = "vpc_security_group_ingress_rule"

    def make(self, planned: State) -> str:
        made = self.client.authorize_security_group_ingress(GroupId=planned["security_group_id"], IpPermissions=[self._permission(planned)])
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def end(self, id: str, current: State) -> None:
        self.client.revoke_security_group_ingress(GroupId=current["security_group_id"], SecurityGroupRuleIds=[id])


class Egress(_Rule):
    name = "vpc_security_group_egress_rule"

    def make(self, planned: State) -> str:
        made = self.client.authorize_security_group_egress(GroupId=planned["security_group_id"], IpPermissions=[self._permission(planned)])
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def end(self, id: str, current: State) -> None:
        self.client.revoke_security_group_egress(GroupId=current["security_group_id"], SecurityGroupRuleIds=[id])


class Role(_Kind):
    name, service = "iam_role", "iam"
    attributes = (
        _given("name"),
        _given("path"),
        _given("permissions_boundary"),
        _given("assume_role_policy", NormalizedJson()),
        _given("tags", _TAGS, is_fixed=False, is_needed=False),
    )

    def make(self, planned: State) -> str:
        self.client.create_role(
            RoleName=planned["name"],
            Path=planned["path"],
            PermissionsBoundary=planned["permissions_boundary"],
            AssumeRolePolicyDocument=json.dumps(planned["assume_role_policy"]),
            Tags=_labels(planned["tags"]),
        )
        return str(planned["name"])

    def look(self, id: str, known: State) -> State | None:
        found = self.client.get_role(RoleName=id)["Role"]
        return {"name": found["RoleName"], "path": found["Path"], "tags": _tags(found.get("Tags"))}

    def change(self, id: str, planned: State) -> None:
        self.client.tag_role(RoleName=id, Tags=_labels(planned["tags"]))

    def end(self, id: str, current: State) -> None:
        self.client.delete_role(RoleName=id)


class RolePolicy(_Kind):
    name, service = "iam_role_policy", "iam"
    attributes = (_given("name"), _given("role"), _given("policy", NormalizedJson(), is_fixed=False))

    def make(self, planned: State) -> str:
        self.change("", planned)
        return f"{planned['role']}:{planned['name']}"

    def look(self, id: str, known: State) -> State | None:
        role, _, name = id.partition(":")
        return {"policy": self.client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]}

    def change(self, id: str, planned: State) -> None:
        self.client.put_role_policy(RoleName=planned["role"], PolicyName=planned["name"], PolicyDocument=json.dumps(planned["policy"]))

    def end(self, id: str, current: State) -> None:
        self.client.delete_role_policy(RoleName=current["role"], PolicyName=current["name"])


class InstanceProfile(_Kind):
    name, service = "iam_instance_profile", "iam"
    attributes = (_given("name"), _given("path"), _given("role"), _given("tags", _TAGS, is_fixed=False, is_needed=False))

    def make(self, planned: State) -> str:
        self.client.create_instance_profile(InstanceProfileName=planned["name"], Path=planned["path"], Tags=_labels(planned["tags"]))
        self.client.add_role_to_instance_profile(InstanceProfileName=planned["name"], RoleName=planned["role"])
        return str(planned["name"])

    def look(self, id: str, known: State) -> State | None:
        found = self.client.get_instance_profile(InstanceProfileName=id)["InstanceProfile"]
        return {"role": found["Roles"][0]["RoleName"] if found["Roles"] else None}

    def end(self, id: str, current: State) -> None:
        self.client.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=current["role"])
        self.client.delete_instance_profile(InstanceProfileName=id)


class Instance(_Kind):
    name, service = "instance", "ec2"
    attributes = (
        _given("ami"),
        _given("instance_type", is_fixed=False),
        _given("subnet_id"),
        _given("vpc_security_group_ids", Set(String())),
        _given("iam_instance_profile"),
        _given("tags", _TAGS, is_fixed=False, is_needed=False),
        _made("private_ip"),
        _made("public_ip"),
        _made("availability_zone"),
    )
    _metadata = ("http_endpoint", "http_tokens", "instance_metadata_tags")
    blocks = (
        SetNestedBlock("metadata_options", Block([*(_given(each) for each in _metadata), _given("http_put_response_hop_limit", _COUNT)])),
        SetNestedBlock(
            "root_block_device",
            Block(
                [_given("volume_type"), _given("volume_size", _COUNT), _given("encrypted", _FLAG), _given("delete_on_termination", _FLAG)]
            ),
        ),
    )

    def make(self, planned: State) -> str:
        metadata, root = planned["metadata_options"][0], planned["root_block_device"][0]
        disk = {
            "VolumeType": root["volume_type"],
            "VolumeSize": int(root["volume_size"]),
            "Encrypted": root["encrypted"],
            "DeleteOnTermination": root["delete_on_termination"],
        }
        made = self.client.run_instances(
            ImageId=planned["ami"],
            InstanceType=planned["instance_type"],
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": planned["iam_instance_profile"]},
            SubnetId=planned["subnet_id"],
            SecurityGroupIds=list(planned["vpc_security_group_ids"]),
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": disk}],
            MetadataOptions={
                "HttpEndpoint": metadata["http_endpoint"],
                "HttpTokens": metadata["http_tokens"],
                "HttpPutResponseHopLimit": int(metadata["http_put_response_hop_limit"]),
                "InstanceMetadataTags": metadata["instance_metadata_tags"],
            },
            TagSpecifications=[{"ResourceType": "instance", "Tags": _labels(planned["tags"])}],
        )
        return str(made["Instances"][0]["InstanceId"])

    def look(self, id: str, known: State) -> State | None:
        found = self.client.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
        if found["State"]["Name"] in {"terminated", "shutting-down"}:
            return None
        addresses = {"private_ip": found.get("PrivateIpAddress"), "public_ip": found.get("PublicIpAddress")}
        addresses["availability_zone"] = found["Placement"]["AvailabilityZone"]
        return {"instance_type": found["InstanceType"], "tags": _tags(found.get("Tags")), **addresses}

    def change(self, id: str, planned: State) -> None:
        found = self.client.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
        if found["InstanceType"] != planned["instance_type"]:
            self.client.stop_instances(InstanceIds=[id])
            self.client.modify_instance_attribute(InstanceId=id, InstanceType={"Value": planned["instance_type"]})
            self.client.start_instances(InstanceIds=[id])
        self.client.create_tags(Resources=[id], Tags=_labels(planned["tags"]))

    def end(self, id: str, current: State) -> None:
        self.client.terminate_instances(InstanceIds=[id])
        self.client.get_waiter("instance_terminated").wait(InstanceIds=[id], WaiterConfig={"Delay": 1})


class Volume(_Kind):
    name, service = "ebs_volume", "ec2"
    attributes = (
        _given("availability_zone"),
        _given("snapshot_id"),
        _given("size", _COUNT),
        _given("type"),
        _given("encrypted", _FLAG),
        _given("tags", _TAGS, is_fixed=False, is_needed=False),
    )

    def make(self, planned: State) -> str:
        made = self.client.create_volume(
            AvailabilityZone=planned["availability_zone"],
            SnapshotId=planned["snapshot_id"],
            Size=int(planned["size"]),
            VolumeType=planned["type"],
            Encrypted=planned["encrypted"],
            TagSpecifications=[{"ResourceType": "volume", "Tags": _labels(planned["tags"])}],
        )
        return str(made["VolumeId"])

    def look(self, id: str, known: State) -> State | None:
        found = self.client.describe_volumes(VolumeIds=[id])["Volumes"]
        return {"tags": _tags(found[0].get("Tags"))} if found else None

    def change(self, id: str, planned: State) -> None:
        self.client.create_tags(Resources=[id], Tags=_labels(planned["tags"]))

    def end(self, id: str, current: State) -> None:
        self.client.delete_volume(VolumeId=id)


class Attachment(_Kind):
    name, service = "volume_attachment", "ec2"
    attributes = (_given("device_name"), _given("volume_id"), _given("instance_id"), _given("force_detach", _FLAG, is_fixed=False))

    def make(self, planned: State) -> str:
        self.client.attach_volume(Device=planned["device_name"], VolumeId=planned["volume_id"], InstanceId=planned["instance_id"])
        return f"{planned['instance_id']}:{planned['volume_id']}"

    def look(self, id: str, known: State) -> State | None:
        found = self.client.describe_volumes(VolumeIds=[id.partition(":")[2]])["Volumes"]
        return {} if found and found[0]["Attachments"] else None

    def end(self, id: str, current: State) -> None:
        self.client.detach_volume(VolumeId=current["volume_id"], InstanceId=current["instance_id"], Force=True)


def _kinds() -> Iterator[type[_Kind]]:
    yield from (SecurityGroup, Ingress, Egress, Role, RolePolicy, InstanceProfile, Instance, Volume, Attachment)


class Aws(Provider):  # type: ignore[misc]
    region = ""

    def get_model_prefix(self) -> str:
        return "aws_"

    def get_provider_schema(self, diags: Any) -> Schema:
        return Schema(attributes=[Attribute("region", _WORD, required=True)])

    def full_name(self) -> str:
        return "registry.terraform.io/hashicorp/aws"

    def validate_config(self, diags: Any, config: State) -> None:
        pass

    def configure_provider(self, diags: Any, config: State) -> None:
        self.region = config["region"] if config["region"] is not Unknown else ""

    def get_data_sources(self) -> list[type]:
        return []

    def get_resources(self) -> list[type[_Kind]]:
        return list(_kinds())


if __name__ == "__main__":
    runner.run_provider(Aws(), sys.argv)

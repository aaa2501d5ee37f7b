"""What Trellis's own role and a builder's may: what bears our mark, of production nothing. Judged by IAM's published logic (tests/terraform/iam.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.aws import ACCOUNT, REGION
from tests.terraform.iam import Policy, Request, is_allowed
from tests.terraform.test_policy import BUCKET, MINE, OTHER, PRODUCTION, names, places, spellings
from tests.terraform.texts import EC2, EVERYTHING, IAM, SNAPSHOTS, TEXTS, rendered

BOUNDARY = f"{IAM}:policy/trellis/trellis-environment-boundary"
MARK = {"aws:ResourceTag/trellis:environment": MINE}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Policy]:
    return rendered(tmp_path_factory.mktemp("texts"))


@pytest.fixture
def trellis(texts: dict[str, Policy]) -> Callable[..., bool]:
    """Whether Trellis's role may, with the organisation's policy above it and without."""
    mine = [texts[name] for name in TEXTS if name.startswith("trellis_")]
    me = {"aws:PrincipalArn": f"{IAM}:role/trellis/trellis"}

    def may(action: str, resource: str, **context: Any) -> bool:
        given = context.get("context", {})
        answers = {is_allowed(Request(each, resource, {**me, **given}), *mine) for each in spellings(action)}
        assert len(answers) == 1, f"the spelling of {action} changes the answer"
        return answers.pop()

    return may


CHANGES = [
    "StartInstances",
    "StopInstances",
    "RebootInstances",
    "TerminateInstances",
    "ModifyInstanceAttribute",
    "ModifyInstanceMetadataOptions",
    "GetPasswordData",
    "CreateTags",
    "DeleteTags",
    "DeleteSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "DeleteVolume",
    "DetachVolume",
    "AttachVolume",
    "CreateSnapshot",
    "DeleteSnapshot",
    "ModifySnapshotAttribute",
    "CreateImage",
    "DeregisterImage",
    "ModifyImageAttribute",
    "AssociateIamInstanceProfile",
    "ReplaceIamInstanceProfileAssociation",
    "GetConsoleOutput",
    "SendDiagnosticInterrupt",
    "CreateKeyPair",
    "DeleteSubnet",
    "DeleteVpc",
    "CreateRoute",
    "ReplaceRoute",
]
OURS = {
    "instance": set(CHANGES[:5]) | {"CreateTags", "DeleteTags", "AttachVolume", "DetachVolume"},
    "security-group": set(CHANGES[9:14]) | {"CreateTags", "DeleteTags"},
    "volume": {"CreateTags", "DeleteTags", "AttachVolume", "DetachVolume", "DeleteVolume"},
}
UNMARKED: tuple[dict[str, str], ...] = (
    {},
    {"aws:ResourceTag/Name": "trellis-demo"},
    {"aws:ResourceTag/trellis:slug": "demo"},
    {"aws:ResourceTag/environment": MINE},
    {"aws:ResourceTag/Environment": "prod"},
    {"aws:RequestTag/trellis:environment": MINE},  # marking is no mark
    {"aws:PrincipalTag/trellis:environment": MINE},
)


def test_it_changes_what_bears_our_mark_and_nothing_else(
    trellis: Callable[..., bool], record_property: Callable[[str, object], None]
) -> None:
    kinds = (
        "instance/i-1",
        "security-group/sg-1",
        "volume/vol-1",
        "network-interface/eni-1",
        "subnet/subnet-1",
        "vpc/vpc-1",
        "key-pair/k",
        "route-table/rtb-1",
    )
    elsewhere = (EC2.replace(REGION, "us-east-1"), EC2.replace(ACCOUNT, "999999999999"))
    tried = allowed = 0
    contexts = [*itertools.product((EC2,), (*UNMARKED, MARK)), *itertools.product(elsewhere, (MARK,))]
    for action, kind, (root, context) in itertools.product(CHANGES, kinds, contexts):
        is_ours = root == EC2 and context is MARK and action in OURS.get(kind.partition("/")[0], set())
        assert trellis(f"ec2:{action}", f"{root}:{kind}", context=context) is is_ours, (action, kind, context)
        tried, allowed = tried + 1, allowed + is_ours
    assert tried > 1000
    assert allowed == sum(len(each) for each in OURS.values())
    record_property(
        "told", f"{tried} changes of machines, disks and networks were judged for Trellis's role, {allowed} of them of what bears our mark"
    )


def test_what_it_makes_is_marked_from_the_first_moment_and_what_it_marked_stays_so(trellis: Callable[..., bool]) -> None:
    instance, marked = f"{EC2}:instance/*", {"aws:RequestTag/trellis:environment": MINE}
    assert trellis("ec2:RunInstances", instance, context={**marked, "ec2:MetadataHttpTokens": "required"})
    for context in ({}, marked, {"ec2:MetadataHttpTokens": "required"}, {**marked, "ec2:MetadataHttpTokens": "optional"}):
        assert not trellis("ec2:RunInstances", instance, context=context)
    assert trellis("ec2:RunInstances", f"{EC2}:volume/*", context={"ec2:Encrypted": "true"})
    assert not trellis("ec2:RunInstances", f"{EC2}:volume/*", context={"ec2:Encrypted": "false"})
    for group, is_so in (("sg-builder", True), ("sg-database", False)):
        assert trellis("ec2:RunInstances", f"{EC2}:security-group/{group}") is is_so
    assert trellis("ec2:RunInstances", f"{EC2}:security-group/sg-7", context=MARK)
    for subnet, is_so in (("subnet-1", True), ("subnet-2", True), ("subnet-public", False)):
        assert trellis("ec2:RunInstances", f"{EC2}:subnet/{subnet}") is is_so
    for made, is_so in (("RunInstances", True), ("CreateSecurityGroup", True), ("CreateVolume", False)):
        assert trellis("ec2:CreateTags", f"{EC2}:instance/i-1", context={**marked, "ec2:CreateAction": made}) is is_so
    assert trellis("ec2:DeleteTags", f"{EC2}:instance/i-1", context={**MARK, "aws:TagKeys": ("trellis:slug",)})
    for key in ("trellis:environment", "trellis:builder"):
        assert not trellis("ec2:DeleteTags", f"{EC2}:instance/i-1", context={**MARK, "aws:TagKeys": ("Name", key)})


def test_disks_are_made_of_listed_snapshots_only_marked_and_encrypted(trellis: Callable[..., bool], tmp_path: Path) -> None:
    listed, other = (f"arn:aws:ec2:{REGION}::snapshot/{each}" for each in (SNAPSHOTS[1], "snap-0fedcba9876543210"))
    assert trellis("ec2:CreateVolume", listed)
    assert not trellis("ec2:CreateVolume", other)
    assert not trellis("ec2:CreateVolume", listed, context={"aws:ResourceTag/Environment": "Production"}), "whatever the list says"
    disk = f"{EC2}:volume/*"
    marked = {"aws:RequestTag/trellis:environment": MINE, "ec2:Encrypted": "true", "ec2:ParentSnapshot": listed}
    assert trellis("ec2:CreateVolume", disk, context=marked)
    for key, value in (("aws:RequestTag/trellis:environment", None), ("ec2:Encrypted", "false"), ("ec2:ParentSnapshot", other)):
        without = {name: each for name, each in marked.items() if name != key}
        assert not trellis("ec2:CreateVolume", disk, context=without), key
        if value:
            assert not trellis("ec2:CreateVolume", disk, context={**without, key: value}), key
    for made, is_so in (("CreateVolume", True), ("CreateSnapshot", False)):
        assert trellis("ec2:CreateTags", disk, context={**marked, "ec2:CreateAction": made}) is is_so
    assert rendered(tmp_path, ())["trellis_data"]["Statement"] == [], "nothing is listed where nobody lists anything"


def test_images_are_made_of_builders_and_taken_away_only_where_they_are_ours(trellis: Callable[..., bool]) -> None:
    image, disk = f"arn:aws:ec2:{REGION}::image/ami-1", f"arn:aws:ec2:{REGION}::snapshot/snap-1"
    assert trellis("ec2:CreateImage", f"{EC2}:instance/i-1", context={**MARK, "aws:ResourceTag/trellis:builder": "trellis"})
    assert not trellis("ec2:CreateImage", f"{EC2}:instance/i-1", context=MARK), "an environment's machine becomes nobody else's image"
    for action, resource in (("DeregisterImage", image), ("DeleteSnapshot", disk)):
        assert trellis(f"ec2:{action}", resource, context={"aws:ResourceTag/trellis:image": "trellis"})
        for context in UNMARKED:
            assert not trellis(f"ec2:{action}", resource, context=context)
    labels = {
        "aws:RequestTag/trellis:image": "trellis",
        "aws:RequestTag/trellis:bake": "b",
        "aws:TagKeys": ("trellis:image", "trellis:bake"),
    }
    assert trellis("ec2:CreateTags", disk, context=labels)
    assert not trellis("ec2:CreateTags", disk, context={**labels, "aws:TagKeys": ("trellis:image", "Name")})
    assert not trellis("ec2:CreateTags", disk, context={**labels, "aws:ResourceTag/Name": "the database's"})
    for action in ("ModifyImageAttribute", "ModifySnapshotAttribute", "CopyImage", "CopySnapshot"):
        assert not trellis(f"ec2:{action}", image, context={"aws:ResourceTag/trellis:image": "trellis"}), "given to another account"


def test_it_makes_roles_within_the_boundary_only_and_becomes_nobody(trellis: Callable[..., bool]) -> None:
    role, bound = f"{IAM}:role/trellis/environments/env-{MINE}", {"iam:PermissionsBoundary": BOUNDARY}
    for action in ("CreateRole", "PutRolePolicy"):
        assert trellis(f"iam:{action}", role, context=bound)
        for context in ({}, {"iam:PermissionsBoundary": f"{IAM}:policy/other"}):
            assert not trellis(f"iam:{action}", role, context=context)
        for other in (
            "admin",
            "trellis/trellis",
            "trellis/builders/trellis-builder",
            "trellis/environments",
            "x/trellis/environments/env-1",
        ):
            assert not trellis(f"iam:{action}", f"{IAM}:role/{other}", context=bound)
    for action in (
        "UpdateAssumeRolePolicy",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "AttachRolePolicy",
        "CreatePolicyVersion",
        "SetDefaultPolicyVersion",
        "CreateUser",
        "CreateAccessKey",
        "PutUserPolicy",
        "UpdateRole",
    ):
        for resource in (role, BOUNDARY, f"{IAM}:role/trellis/trellis", f"{IAM}:user/eve"):
            assert not trellis(f"iam:{action}", resource, context=bound)
    to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
    for passed, is_so in (
        (role, True),
        (f"{IAM}:role/trellis/builders/trellis-builder", True),
        (f"{IAM}:role/trellis/trellis", False),
        (f"{IAM}:role/admin", False),
    ):
        assert trellis("iam:PassRole", passed, context=to_ec2) is is_so
        assert not trellis("iam:PassRole", passed, context={"iam:PassedToService": "lambda.amazonaws.com"})
    for action, other in itertools.product(
        ("AssumeRole", "AssumeRoleWithWebIdentity", "GetFederationToken"), ("admin", "prod", f"trellis/environments/env-{OTHER}")
    ):
        assert not trellis(f"sts:{action}", f"{IAM}:role/{other}")


def test_it_takes_away_what_a_killed_run_left_and_nothing_of_anybody_elses(trellis: Callable[..., bool]) -> None:
    """All that provisioner/terraform/remains.py asks."""
    for kind in ("Instances", "Volumes", "SecurityGroups", "SecurityGroupRules"):
        assert trellis(f"ec2:Describe{kind}", "*")
    changes = {
        "instance/i-1": ("TerminateInstances", "DetachVolume"),
        "volume/vol-1": ("DetachVolume", "DeleteVolume"),
        "security-group/sg-1": ("DeleteSecurityGroup", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"),
    }
    for place, actions in changes.items():
        for action in actions:
            assert trellis(f"ec2:{action}", f"{EC2}:{place}", context=MARK)
            assert not trellis(f"ec2:{action}", f"{EC2}:{place}")
    of_roles = ("GetRole", "ListRolePolicies", "DeleteRolePolicy", "DeleteRole")
    of_profiles = ("GetInstanceProfile", "RemoveRoleFromInstanceProfile", "DeleteInstanceProfile")
    for kind, actions in (("role", of_roles), ("instance-profile", of_profiles)):
        for action in actions:
            assert trellis(f"iam:{action}", f"{IAM}:{kind}/trellis/environments/env-{MINE}")
            for elsewhere in (f"env-{MINE}", f"x/env-{MINE}", "trellis/trellis"):
                assert not trellis(f"iam:{action}", f"{IAM}:{kind}/{elsewhere}")


def test_of_secrets_and_objects_it_has_environments_and_the_sandbox(
    trellis: Callable[..., bool], record_property: Callable[[str, object], None]
) -> None:
    below, tried = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:", 0
    its = {
        "GetSecretValue": ("/sandbox/", "/dev-envs/"),
        **dict.fromkeys(("PutSecretValue", "CreateSecret", "DeleteSecret"), ("/dev-envs/",)),
    }
    more = ("BatchGetSecretValue", "DescribeSecret", "UpdateSecret", "PutResourcePolicy", "ReplicateSecretToRegions", "RestoreSecret")
    for action, name in itertools.product((*its, *more), (*names(PRODUCTION), f"sandbox/{MINE}/db", "trellis/traefik", "rds!db-1")):
        for place in places("secretsmanager", name):
            is_its = place.startswith(tuple(below + each for each in its.get(action, ())))
            assert trellis(f"secretsmanager:{action}", place) is is_its, (action, place)
            tried += 1
    for action, name in itertools.product(("GetParameter", "GetParameters", "GetParametersByPath", "PutParameter"), names(PRODUCTION)):
        assert not any(trellis(f"ssm:{action}", place) for place in places("ssm", name))
    for action, name in itertools.product(("GetObject", "PutObject", "DeleteObject"), names(PRODUCTION)):
        for place in places("s3", name):
            assert trellis(f"s3:{action}", place) is place.startswith(f"arn:aws:s3:::{BUCKET}/dev-envs/"), (action, place)
            tried += 1
    for key, value in itertools.product(("Environment", "env", "STAGE"), ("prod", "Production", "LIVE")):
        assert not trellis("secretsmanager:GetSecretValue", f"{below}/sandbox/db", context={f"aws:ResourceTag/{key}": value})
        assert not trellis("ec2:TerminateInstances", f"{EC2}:instance/i-1", context={**MARK, f"aws:ResourceTag/{key}": value})
    assert tried > 1000
    record_property("told", f"{tried} requests of Trellis's role for secrets and objects were judged")


def test_it_tells_only_marked_machines_what_to_do(trellis: Callable[..., bool]) -> None:
    assert trellis("ssm:SendCommand", f"{EC2}:instance/i-1", context={"ssm:resourceTag/trellis:environment": MINE})
    assert not trellis("ssm:SendCommand", f"{EC2}:instance/i-1")
    assert trellis("ssm:SendCommand", f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript")
    for document in ("AWS-ConfigureAWSPackage", "AWSSupport-ResetAccess"):
        assert not trellis("ssm:SendCommand", f"arn:aws:ssm:{REGION}::document/{document}")
    for action in ("StartSession", "CreateDocument", "UpdateDocument", "CreateAssociation", "StartAutomationExecution"):
        assert not trellis(f"ssm:{action}", f"{EC2}:instance/i-1", context={"ssm:resourceTag/trellis:environment": MINE})


def test_a_builder_is_told_what_to_do_and_reads_nothing(texts: dict[str, Policy], record_property: Callable[[str, object], None]) -> None:
    builder, boundary, tried = texts["builder_policy"], texts["boundary"], 0
    assert is_allowed(Request("ssm:UpdateInstanceInformation", f"{EC2}:instance/i-1"), builder, boundary=boundary)
    wanted = [
        ("secretsmanager", "GetSecretValue"),
        ("secretsmanager", "ListSecrets"),
        ("ssm", "GetParameter"),
        ("ssm", "GetParameters"),
        ("s3", "GetObject"),
        ("s3", "ListBucket"),
    ]
    for (service, action), name in itertools.product(wanted, (*names(PRODUCTION), "sandbox/db", f"dev-envs/{MINE}/db")):
        for place, spelling in itertools.product(places(service, name), spellings(f"{service}:{action}")):
            assert not is_allowed(Request(spelling, place), builder, boundary=boundary)
            assert not is_allowed(Request(spelling, place), builder, EVERYTHING), "whatever else somebody attaches"
            tried += 2
    for action in (
        "sts:AssumeRole",
        "iam:PassRole",
        "ec2:CreateTags",
        "ec2:RunInstances",
        "kms:Decrypt",
        "organizations:LeaveOrganization",
    ):
        assert not is_allowed(Request(action, "*"), builder, EVERYTHING)
    assert tried > 1000
    record_property("told", f"{tried} requests of a builder's role were judged, and refused")

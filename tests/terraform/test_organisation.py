"""What the organisation's policy takes away, whatever a role in the account of environments is allowed: safety.md's T26 to T28, by the account's own means not to be changed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terraform.aws import ACCOUNT, REGION
from tests.terraform.iam import Policy, Request, is_allowed
from tests.terraform.stand import Stand
from tests.terraform.test_policy import BUCKET, KEY, MINE, PRODUCTION, names, places, spellings
from tests.terraform.test_policy import rendered as rendered_environment
from tests.terraform.texts import EC2, EVERYTHING, IAM, TEXTS, rendered

TENANT, BUILDER, ADMIN, OPERATOR, TRELLIS = (
    {"aws:PrincipalArn": f"{IAM}:role/{name}"}
    for name in (f"trellis/environments/env-{MINE}", "trellis/builders/trellis-builder", "admin", "operators", "trellis/trellis")
)
READS = (
    ("secretsmanager", "GetSecretValue"),
    ("secretsmanager", "BatchGetSecretValue"),
    ("ssm", "GetParameter"),
    ("ssm", "GetParameters"),
    ("ssm", "GetParametersByPath"),
)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Policy]:
    return rendered(tmp_path_factory.mktemp("texts"))


def is_shared(place: str) -> bool:
    """Below what environments may have, of any of them: whose is whose, their own roles say."""
    return any(
        f":secret:/{each}/" in place or f":parameter/{each}/" in place or f"/{each}/" in place.partition(":::")[2]
        for each in ("dev-envs", "sandbox")
    )


def test_nobody_in_the_account_reads_what_is_not_environments(
    texts: dict[str, Policy], record_property: Callable[[str, object], None]
) -> None:
    tried = 0
    for (service, action), name, who in itertools.product(READS, names(PRODUCTION), (TENANT, BUILDER, ADMIN, TRELLIS)):
        for place, spelling in itertools.product(places(service, name), spellings(f"{service}:{action}")):
            may = is_allowed(Request(spelling, place, who), EVERYTHING, scp=texts["scp"])
            assert not may or is_shared(place), (spelling, place, who)
            tried += 1
    for action, name, who in itertools.product(
        ("GetObject", "GetObjectVersion", "ListBucket", "PutObject"), names(PRODUCTION), (TENANT, BUILDER)
    ):
        for place in places("s3", name):
            may = is_allowed(Request(f"s3:{action}", place, who), EVERYTHING, scp=texts["scp"])
            assert not may or (is_shared(place) and action == "GetObject"), (action, place, who)
            tried += 1
    assert tried > 1000
    record_property("told", f"{tried} requests of roles that are allowed everything were judged under the organisation's policy")


def test_who_made_it_is_let_alone_and_so_are_its_own_hosts(texts: dict[str, Policy]) -> None:
    scp, below = texts["scp"], f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    assert is_allowed(Request("secretsmanager:GetSecretValue", f"{below}/prod/db", OPERATOR), EVERYTHING, scp=scp)
    assert is_allowed(
        Request("iam:CreatePolicyVersion", f"{IAM}:policy/trellis/trellis-environment-boundary", OPERATOR), EVERYTHING, scp=scp
    )
    for name in ("trellis/traefik-AbCdEf", "trellis/nats-AbCdEf", "trellis/nats-tls-AbCdEf", "rds!db-1"):
        assert is_allowed(Request("secretsmanager:GetSecretValue", f"{below}{name}", ADMIN), EVERYTHING, scp=scp)
        assert not is_allowed(Request("secretsmanager:GetSecretValue", f"{below}{name}", TENANT), EVERYTHING, scp=scp)
    for name in ("trellis/traefik2", "trellis/traefik", "x/trellis/traefik-AbCdEf"):
        assert not is_allowed(Request("secretsmanager:GetSecretValue", f"{below}{name}", ADMIN), EVERYTHING, scp=scp)


@pytest.mark.parametrize("who", [TENANT, BUILDER, ADMIN, TRELLIS], ids=["tenant", "builder", "admin", "trellis"])
def test_the_wall_is_not_taken_down_from_within(texts: dict[str, Policy], who: dict[str, str]) -> None:
    role, boundary = f"{IAM}:role/trellis/environments/env-{MINE}", f"{IAM}:policy/trellis/trellis-environment-boundary"
    asked = [
        *(
            ("iam:" + action, role, {})
            for action in (
                "DeleteRolePermissionsBoundary",
                "PutRolePermissionsBoundary",
                "UpdateAssumeRolePolicy",
                "AttachRolePolicy",
                "CreateRole",
            )
        ),
        *(
            ("iam:" + action, boundary, {})
            for action in ("CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion", "DeletePolicy")
        ),
        ("iam:CreateRole", role, {"iam:PermissionsBoundary": f"{IAM}:policy/mine"}),
        ("organizations:LeaveOrganization", "*", {}),
        ("ec2:ModifyInstanceMetadataOptions", f"{EC2}:instance/i-1", {}),
        ("ec2:RunInstances", f"{EC2}:instance/*", {"ec2:MetadataHttpTokens": "optional"}),
        ("ec2:RunInstances", f"{EC2}:instance/*", {}),
        ("ec2:RunInstances", f"{EC2}:instance/*", {"ec2:MetadataHttpTokens": "required", "ec2:MetadataHttpPutResponseHopLimit": "2"}),
        *(
            ("sts:AssumeRole", f"arn:aws:iam::999999999999:role/{name}", {})
            for name in ("prod", "trellis/trellis", "OrganizationAccountAccessRole")
        ),
    ]
    assert [each for each in asked if is_allowed(Request(each[0], each[1], {**who, **each[2]}), EVERYTHING, scp=texts["scp"])] == []


def test_an_environment_does_what_it_does_and_not_one_thing_more(texts: dict[str, Policy]) -> None:
    scp = texts["scp"]
    for action, place in (
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/dev-envs/{MINE}/db"),
        ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/sandbox/db"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/dev-envs/{MINE}/code/a.tar.gz"),
        ("kms:Decrypt", "*"),
        ("ssmmessages:OpenDataChannel", "*"),
        ("ec2messages:GetMessages", "*"),
    ):
        assert is_allowed(Request(action, place, TENANT), EVERYTHING, scp=scp), action
        assert (
            not is_allowed(Request(action, place, {**TENANT, "aws:ResourceTag/Stage": "Prod"}), EVERYTHING, scp=scp) or "messages" in action
        )
    for action in (
        "ec2:CreateTags",
        "ec2:DescribeInstances",
        "iam:PassRole",
        "sts:AssumeRole",
        "sts:GetCallerIdentity",
        "kms:CreateGrant",
        "s3:PutObject",
        "ssm:PutParameter",
    ):
        assert not is_allowed(Request(action, "*", TENANT), EVERYTHING, scp=scp), action


async def test_an_environments_policy_the_boundary_and_the_organisations_each_keep_the_same_tags_of_production_out(
    texts: dict[str, Policy], stand: Stand, tmp_path: Path
) -> None:
    """Each by itself, beside a policy that allows everything: what one of them forgets is not hidden by the others."""
    policy, _ = await rendered_environment(stand, tmp_path, {"data_bucket": BUCKET, "sandbox_key_arn": KEY})
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/dev-envs/{MINE}/db-AbCdEf"
    asked: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("secretsmanager:GetSecretValue", secret, {}),
        ("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/dev-envs/{MINE}/db", {}),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/dev-envs/{MINE}/a", {}),
        ("kms:Decrypt", KEY, {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com", "kms:EncryptionContext:SecretARN": secret}),
    )
    tags = [
        (f"aws:ResourceTag/{spelling}", value)
        for key in ("environment", "env", "stage")
        for spelling in (key, key.title(), key.upper())
        for value in ("prod", "Prod", "PRODUCTION", "live")
    ]
    for action, place, context in asked:
        judged: tuple[tuple[str, Callable[[Request], bool]], ...] = (
            ("policy", lambda request: is_allowed(request, EVERYTHING, policy)),
            ("boundary", lambda request: is_allowed(request, EVERYTHING, boundary=texts["boundary"])),
            ("scp", lambda request: is_allowed(request, EVERYTHING, scp=texts["scp"])),
        )
        for told, may in judged:
            assert may(Request(action, place, {**TENANT, **context, "aws:ResourceTag/environment": "dev"})), (told, action)
            assert [(told, action, tag) for tag in tags if may(Request(action, place, {**TENANT, **context, tag[0]: tag[1]}))] == []


async def test_what_an_environment_reads_of_its_secrets_the_organisation_lets_through_and_kms_with_it(
    texts: dict[str, Policy], stand: Stand, tmp_path: Path
) -> None:
    policy, boundary = await rendered_environment(stand, tmp_path, {})
    for name, is_own in ((f"dev-envs/{MINE}/db", True), ("sandbox/db", True), ("dev-envs/another/db", False), ("prod/db", False)):
        secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/{name}-AbCdEf"
        via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com", "kms:EncryptionContext:SecretARN": secret}
        for request in (Request("secretsmanager:GetSecretValue", secret, TENANT), Request("kms:Decrypt", KEY, {**TENANT, **via})):
            assert is_allowed(request, policy, boundary=boundary, scp=texts["scp"]) is is_own, request


def test_trellis_does_under_it_what_it_does_without(texts: dict[str, Policy]) -> None:
    mine = [texts[name] for name in TEXTS if name.startswith("trellis_")]
    marked = {"aws:ResourceTag/trellis:environment": MINE, "aws:RequestTag/trellis:environment": MINE}
    bound = {"iam:PermissionsBoundary": f"{IAM}:policy/trellis/trellis-environment-boundary"}
    for action, place, context in (
        ("ec2:TerminateInstances", f"{EC2}:instance/i-1", marked),
        (
            "ec2:RunInstances",
            f"{EC2}:instance/*",
            {**marked, "ec2:MetadataHttpTokens": "required", "ec2:MetadataHttpPutResponseHopLimit": "1"},
        ),
        ("iam:CreateRole", f"{IAM}:role/trellis/environments/env-{MINE}", bound),
        ("iam:PutRolePolicy", f"{IAM}:role/trellis/environments/env-{MINE}", bound),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:/dev-envs/{MINE}/db", {}),
        ("s3:PutObject", f"arn:aws:s3:::states/trellis/{MINE}/terraform.tfstate", {}),
    ):
        assert is_allowed(Request(action, place, {**TRELLIS, **context}), *mine, scp=texts["scp"]), action


def test_all_of_it_is_as_short_as_aws_takes_it(texts: dict[str, Policy]) -> None:
    """5,120 characters for an organisation's policy, 6,144 for a managed one; ids and ARNs of AWS are some longer than the tests'."""
    long = {name: len(json.dumps(text, separators=(",", ":"))) for name, text in texts.items()}
    assert long["scp"] < 4800, long
    assert max(long.values()) < 5600, long

"""What an environment's role may read: its own path and the sandbox, never production's, never another's, whatever it is called and however it asks.

The policies are rendered by real Terraform from the modules' own files and judged by IAM's published logic (tests/terraform/iam.py).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.terraform.settings import MODULES
from tests.terraform.aws import ACCOUNT, REGION
from tests.terraform.iam import Request, is_allowed
from tests.terraform.stand import Stand, spec

MINE, OTHER = "01jd0000000000000000000001", "01jd0000000000000000000002"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-2222-3333-4444-555555555555"
BUCKET = "seeds"

_SECRETS = [
    "GetSecretValue",
    "BatchGetSecretValue",
    "DescribeSecret",
    "ListSecrets",
    "ListSecretVersionIds",
    "GetResourcePolicy",
    "PutSecretValue",
    "UpdateSecret",
    "CreateSecret",
    "DeleteSecret",
    "RestoreSecret",
    "RotateSecret",
    "CancelRotateSecret",
    "PutResourcePolicy",
    "DeleteResourcePolicy",
    "TagResource",
    "UntagResource",
    "UpdateSecretVersionStage",
    "ReplicateSecretToRegions",
    "RemoveRegionsFromReplication",
    "StopReplicationToReplica",
    "ValidateResourcePolicy",
]
_PARAMETERS = [
    "GetParameter",
    "GetParameters",
    "GetParametersByPath",
    "GetParameterHistory",
    "DescribeParameters",
    "PutParameter",
    "DeleteParameter",
    "DeleteParameters",
    "LabelParameterVersion",
    "UnlabelParameterVersion",
]
_OBJECTS = [
    "GetObject",
    "GetObjectVersion",
    "GetObjectAcl",
    "GetObjectTagging",
    "GetObjectAttributes",
    "ListBucket",
    "ListBucketVersions",
    "PutObject",
    "DeleteObject",
    "PutBucketPolicy",
    "GetBucketPolicy",
    "SelectObjectContent",
    "RestoreObject",
]
_KEYS = [
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "CreateGrant",
    "Encrypt",
    "PutKeyPolicy",
    "GetKeyPolicy",
]
_ROLES = ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken"]
READS = {
    "secretsmanager": {"GetSecretValue", "DescribeSecret"},
    "ssm": {"GetParameter", "GetParameters", "GetParametersByPath"},
    "s3": {"GetObject"},
}

# Names of what is production's, as it is, and as somebody might spell it to get by.
PRODUCTION = (
    (
        "prod/db prod/a/b/c Prod/db PROD/db pRoD/db production/db live/db prod-eu/db prod2/db prod//db prod/ prod /prod/db //prod/db ./prod/db "
        "sandbox/../prod/db.. dev-envs/../prod/db %2Fprod/db prod%2Fdb prod/* prod/? * ? pr*d/db prod.db prod_db shared/prod/db db/prod shop/prod/db "
        "prod/dev-envs/{mine}/db prod/sandbox/db dev-envs-prod/{mine}/db dev-envsx/{mine}/db sandboxes/db sandbox sandbox-prod/db Sandbox/db "
        "dev-envs/{other}/db dev-envs/{mine}x/db dev-envs/{mine} dev-envs/ dev-envs dev-envs/*/db dev-envs/{upper}/db Dev-Envs/{mine}/db "
        "dev-envs/{mine}-prod/db dev-envs//{mine}/db dev-envs/../{mine}/db x/dev-envs/{mine}/db dev-envs/x{mine}/db ${{aws:username}}/db"
    )
    .replace("sandbox/../prod/db.. dev-envs/../prod/db ", "sandbox../prod/db dev-envs../prod/db ")
    .split()
)


def names(of: tuple[str, ...] | list[str]) -> list[str]:
    return [each.format(mine=MINE, other=OTHER, upper=MINE.upper()) for each in of]


def spellings(action: str) -> tuple[str, ...]:
    service, _, name = action.partition(":")
    return (action, action.lower(), f"{service.upper()}:{name}", f"{service}:{name.upper()}")


def places(service: str, name: str) -> list[str]:
    """Where something of that name would be: here, in other regions and in production's account."""
    slashed = f"/{name.removeprefix('/')}" if not name.startswith("//") else name
    if service == "s3":
        return [
            f"arn:aws:s3:::{BUCKET}/{name.lstrip('/')}",
            f"arn:aws:s3:::prod/{name.lstrip('/')}",
            f"arn:aws:s3:::{BUCKET}-prod/{name.lstrip('/')}",
        ]
    kind = "secret:" if service == "secretsmanager" else "parameter"
    own = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}"
    elsewhere = [f"arn:aws:{service}:{region}:{account}:{kind}" for region, account in (("us-east-1", ACCOUNT), (REGION, "999999999999"))]
    return [f"{root}{slashed}" for root in (own, *elsewhere)] + [f"{own}{name}"]


@pytest.fixture
async def policies(stand: Stand, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """An environment's policy and the boundary, as the modules' own files have them."""
    return await rendered(stand, tmp_path, {"data_bucket": BUCKET, "sandbox_key_arn": KEY})


async def rendered(stand: Stand, folder: Path, more: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    module = folder / "policies"
    module.mkdir()
    for source in ("branch-env/policy.tf", "branch-env/variables.tf", "platform/boundary.tf"):
        (module / Path(source).name).write_text((MODULES / source).read_text())
    (module / "outputs.tf").write_text('output "addresses" {\n  value = { policy = local.policy, boundary = local.boundary }\n}\n')
    needed = {
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-1",
        "proxy_security_group_id": "sg-1",
        "image_id": "ami-1",
        "boundary_arn": "arn:aws:iam::1:policy/b",
    }
    stand.set(module=module, variables={"region": REGION, "account": ACCOUNT, **needed, **more})
    access, _ = await stand.apply(spec(MINE))
    found = {each.service: json.loads(each.url) for each in access.addresses if each.service in {"policy", "boundary"}}
    return found["policy"], found["boundary"]


async def test_it_reads_its_own_and_the_sandbox_and_nothing_else_of_secrets_parameters_and_objects(
    policies: tuple[dict[str, Any], dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    policy, boundary = policies
    own = [f"dev-envs/{MINE}/db", f"dev-envs/{MINE}/a/b-AbCdEf", "sandbox/db", "sandbox/a/b"]
    tried = allowed = 0
    for service, actions in (("secretsmanager", _SECRETS), ("ssm", _PARAMETERS), ("s3", _OBJECTS)):
        for action, name in itertools.product(actions, [*names(PRODUCTION), *own]):
            for place, spelling in itertools.product(places(service, name), spellings(f"{service}:{action}")):
                is_own = name in own and place == places(service, name)[0] and action in READS[service]
                request = Request(spelling, place)
                assert is_allowed(request, policy, boundary=boundary) is is_own, request
                assert not (is_allowed(request, policy) and not is_own), f"the policy by itself: {request}"
                tried, allowed = tried + 1, allowed + is_own
    assert tried > 1000
    assert allowed == 4 * 4 * (2 + 3 + 1)
    record_property("told", f"{tried} requests for secrets, parameters and objects were judged, {allowed} of them for its own")


async def test_on_paper_it_reads_its_own_and_no_sandbox(stand: Stand, tmp_path: Path) -> None:
    policy, boundary = await rendered(stand, tmp_path, {"data_bucket": BUCKET, "sandbox_key_arn": KEY, "on_paper": True})
    for service, actions in (("secretsmanager", _SECRETS), ("ssm", _PARAMETERS), ("s3", _OBJECTS)):
        for action, (name, is_own) in itertools.product(
            actions, ((f"dev-envs/{MINE}/feed", True), ("sandbox/db", False), ("sandbox/a/b", False))
        ):
            for place, spelling in itertools.product(places(service, name), spellings(f"{service}:{action}")):
                may = is_own and place == places(service, name)[0] and action in READS[service]
                assert is_allowed(Request(spelling, place), policy, boundary=boundary) is may, (spelling, place)


async def test_what_is_tagged_as_productions_is_denied_even_in_its_own_path(policies: tuple[dict[str, Any], dict[str, Any]]) -> None:
    policy, boundary = policies
    mine = places("secretsmanager", f"dev-envs/{MINE}/db")[0]
    for key, value in itertools.product(("Environment", "environment", "ENV", "env", "Stage"), ("prod", "Prod", "PRODUCTION", "live")):
        assert not is_allowed(Request("secretsmanager:GetSecretValue", mine, {f"aws:ResourceTag/{key}": value}), policy, boundary=boundary)
    assert is_allowed(Request("secretsmanager:GetSecretValue", mine, {"aws:ResourceTag/Environment": "dev"}), policy, boundary=boundary)


def decrypts(key: str, secret: str = "", service: str = "secretsmanager", action: str = "Decrypt") -> Request:
    """What KMS is asked as whoever reads; Secrets Manager tells it which secret it is."""
    context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"} | ({"kms:EncryptionContext:SecretARN": secret} if secret else {})
    return Request(f"kms:{action}", key, context)


async def test_the_boundary_by_itself_keeps_productions_tags_out_however_the_key_is_written(
    policies: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    _, boundary = policies
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    mine = places("secretsmanager", "sandbox/db")[0]
    for key in ("Environment", "environment", "ENV", "env", "Stage", "stage"):
        request = Request("secretsmanager:GetSecretValue", mine, {f"aws:ResourceTag/{key}": "prod"})
        assert not is_allowed(request, everything, boundary=boundary), key


async def test_a_secret_of_its_own_is_read_and_decrypted_with_whatever_key_it_is_under_and_no_other_is(
    stand: Stand, tmp_path: Path
) -> None:
    """Read is what both let through: Secrets Manager, and KMS, which it asks as the reader."""
    policy, boundary = await rendered(stand, tmp_path, {})
    own = (f"dev-envs/{MINE}/key", f"dev-envs/{MINE}/feed", "sandbox/binance")
    for name, key in itertools.product([*own, *names(PRODUCTION)], (KEY, OTHER_KEY)):
        for place in places("secretsmanager", name):
            secret, is_own = f"{place}-AbCdEf", name in own and place == places("secretsmanager", name)[0]
            for request in (Request("secretsmanager:GetSecretValue", secret), decrypts(key, secret)):
                assert is_allowed(request, policy, boundary=boundary) is is_own, request


async def test_it_decrypts_through_these_services_only_and_becomes_nobody_else(policies: tuple[dict[str, Any], dict[str, Any]]) -> None:
    policy, boundary = policies
    mine = f"{places('secretsmanager', 'sandbox/db')[0]}-AbCdEf"
    for service, key in itertools.product(("ssm", "s3"), (KEY, OTHER_KEY)):
        assert is_allowed(decrypts(key, service=service), policy, boundary=boundary) is (key == KEY)
    for action, key, service, secret in itertools.product(_KEYS, (KEY, OTHER_KEY, "*"), ("secretsmanager", "rds"), ("", mine)):
        if (action, service, secret) != ("Decrypt", "secretsmanager", mine) or key == "*":
            assert not is_allowed(decrypts(key, secret, service, action), policy, boundary=boundary)
    for action, key in itertools.product(_KEYS, (KEY, OTHER_KEY)):
        by_hand = Request(f"kms:{action}", key, {"kms:EncryptionContext:SecretARN": mine})
        assert not is_allowed(by_hand, policy, boundary=boundary)
    for action, role in itertools.product(_ROLES, ("prod", "admin", f"env-{OTHER}", f"env-{MINE}", "*")):
        assert not is_allowed(Request(f"sts:{action}", f"arn:aws:iam::{ACCOUNT}:role/{role}"), policy, boundary=boundary)
    for action in (
        "iam:PutRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:PassRole",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:ModifyInstanceMetadataOptions",
        "ec2:RunInstances",
        "organizations:LeaveOrganization",
    ):
        assert not is_allowed(Request(action, "*"), policy, boundary=boundary)


async def test_a_policy_that_allowed_everything_would_not_get_out_of_the_boundary(policies: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, boundary = policies
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    prod = [each for each in names(PRODUCTION) if not each.startswith(("dev-envs/", "/dev-envs/"))]
    for service, actions in (("secretsmanager", _SECRETS), ("ssm", _PARAMETERS), ("s3", _OBJECTS)):
        for action, name in itertools.product(actions, prod):
            for place in places(service, name):
                assert not is_allowed(Request(f"{service}:{action}", place), everything, boundary=boundary), (action, place)


async def test_without_bucket_and_key_it_reads_no_object_and_decrypts_nothing(stand: Stand, tmp_path: Path) -> None:
    policy, boundary = await rendered(stand, tmp_path, {})
    for request in (
        Request("s3:GetObject", "arn:aws:s3:::/sandbox/x"),
        Request("s3:GetObject", f"arn:aws:s3:::{BUCKET}/sandbox/x"),
        Request("kms:Decrypt", KEY),
    ):
        assert not is_allowed(request, policy, boundary=boundary)


@pytest.mark.parametrize("name", ["*", "a*", "?", "${aws:username}", "a/b", "a:b", "a b", "é", "", "a\nb"])
async def test_an_id_that_could_be_a_pattern_never_comes_into_a_policy(stand: Stand, tmp_path: Path, name: str) -> None:
    """Refused by the engine, and by the module itself when somebody else runs it."""
    assert "regex(" in (MODULES / "branch-env" / "variables.tf").read_text()
    module = tmp_path / "refused"
    module.mkdir()
    (module / "main.tf").write_text(
        (MODULES / "local-env" / "variables.tf")
        .read_text()
        .replace('variable "environment"', 'variable "id"')
        .replace("var.environment", "var.id")
    )
    (module / "more.tf").write_text('variable "environment" { type = string }\n')
    stand.set(module=module, variables={"id": name})
    with pytest.raises(Exception, match="An environment's id holds letters"):
        await stand.apply(spec(MINE))

"""What the policy that we print lets through, by IAM's rules: default deny, a deny wins, * and ? in names."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from bot.domain.ids import new_id
from bot.vault.policy import policy_of

REGION, ACCOUNT = "eu-west-1", "123456789012"
BELOW = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
POLICY = json.loads(policy_of(ACCOUNT, REGION))
READS = ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue")
WRITES = ("secretsmanager:PutSecretValue", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:UpdateSecret")
OTHERS = ("secretsmanager:PutResourcePolicy", "ssm:GetParameter", "kms:Decrypt", "s3:GetObject", "sts:AssumeRole", "iam:PutUserPolicy")


def matches(patterns: list[str], value: str) -> bool:
    return any(re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in each), value, re.DOTALL) for each in patterns)


def allows(action: str, resource: str) -> bool:
    """IAM's evaluation of one policy."""
    effects = set()
    for each in POLICY["Statement"]:
        is_of = matches(each["Resource"], resource) if "Resource" in each else not matches(each["NotResource"], resource)
        if is_of and matches(each["Action"], action):
            effects.add(each["Effect"])
    return effects == {"Allow"}


def arn(path: str) -> str:
    """Of a secret: AWS adds six characters of its own."""
    return f"{BELOW}{path}-AbCdEf"


def test_what_an_environment_needs_is_allowed() -> None:
    for _ in range(50):
        own = arn(f"/dev-envs/{new_id()}/key")
        assert all(allows(each, own) for each in (READS[0], *WRITES[:3]))
    assert allows(READS[0], arn("/sandbox/binance/key"))
    assert not any(allows(each, arn("/sandbox/binance/key")) for each in WRITES)


SPELLINGS = [
    f"{before}{word}{after}"
    for before, word, after in product(
        ("/", "", "//", "/./", "/x/../", "/sandboxes/../"),
        ("prod", "PROD", "Prod", "production", "prod-eu", "pr0d", "live", "secrets"),
        ("/key", "/binance/spot/key", "/", "", "/*", "/sandbox/key", "/dev-envs/key", "/?"),
    )
]


def test_no_spelling_of_production_is_readable_by_any_action() -> None:
    cases = list(product((*READS, *WRITES, *OTHERS), SPELLINGS))
    assert len(cases) > 1_000
    assert [each for each in cases if allows(each[0], arn(each[1]))] == []


@pytest.mark.parametrize("resource", ["*", f"{BELOW}*", f"arn:aws:secretsmanager:{REGION}:999999999999:secret:/sandbox/key-AbCdEf"])
def test_no_wildcard_and_no_other_account_is(resource: str) -> None:
    assert not any(allows(action, resource) for action in (*READS, *WRITES))


@pytest.mark.parametrize(("account", "region"), [("1", REGION), ("*" * 12, REGION), (ACCOUNT, "*"), (ACCOUNT, "eu-west-1\n"), ("", "")])
def test_a_policy_is_of_one_account_and_region(account: str, region: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        policy_of(account, region)

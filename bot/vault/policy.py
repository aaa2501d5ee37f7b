"""What whoever runs Trellis may do in AWS Secrets Manager, as IAM's text. Everything that is not named is denied, once more by name."""

from __future__ import annotations

import json
import re

from bot.vault.paths import OWN, SHARED

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_OWN_ACTIONS = ("GetSecretValue", "PutSecretValue", "CreateSecret", "DeleteSecret")


def policy_of(account: str, region: str) -> str:
    """Raises ValueError for what is no account or region."""
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        raise ValueError("an account is twelve digits, a region looks like eu-west-1")
    below = f"arn:aws:secretsmanager:{region}:{account}:secret:"
    shared, own = f"{below}{SHARED}*", f"{below}{OWN}*"
    statements = [
        {"Sid": "Shared", "Effect": "Allow", "Action": _named("GetSecretValue"), "Resource": [shared]},
        {"Sid": "Own", "Effect": "Allow", "Action": _named(*_OWN_ACTIONS), "Resource": [own]},
        {"Sid": "Names", "Effect": "Allow", "Action": _named("ListSecrets"), "Resource": ["*"]},
        {"Sid": "NothingElse", "Effect": "Deny", "Action": _named("GetSecretValue", "BatchGetSecretValue"), "NotResource": [shared, own]},
        {"Sid": "NeverProduction", "Effect": "Deny", "Action": ["secretsmanager:*"], "Resource": [f"{below}/prod/*", f"{below}prod/*"]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)


def _named(*actions: str) -> list[str]:
    return [f"secretsmanager:{each}" for each in actions]

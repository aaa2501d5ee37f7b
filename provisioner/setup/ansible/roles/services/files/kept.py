"""Reads what this host's services may know and nobody else, by the host's own role, into memory that is gone when it stops."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(os.environ.get("TRELLIS_ROOT") or "/")
KEPT, SECRETS = ROOT / "etc/trellis/kept.json", ROOT / "run/trellis/secrets.json"
GROUP = "trellis-env"


def read() -> dict[str, str]:
    told = json.loads(KEPT.read_text("utf-8"))
    client, found = boto3.client("secretsmanager", region_name=told["region"]), {}
    for name, path in told["secrets"].items():
        try:
            found[name] = client.get_secret_value(SecretId=path)["SecretString"]
        except (BotoCoreError, ClientError) as problem:
            code = getattr(problem, "response", {}).get("Error", {}).get("Code") or type(problem).__name__
            sys.exit(f"{name} cannot be read at {path}: {code}")
    return found


def write(found: dict[str, str]) -> None:
    """For root and the services' group."""
    SECRETS.parent.mkdir(parents=True, exist_ok=True)
    new = SECRETS.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "w", encoding="utf-8") as file:  # noqa: PTH123 - with its mode
        json.dump(found, file)
    with suppress(LookupError):  # where tests lay everything out there is no such group
        shutil.chown(new, group=GROUP)
    new.replace(SECRETS)


if __name__ == "__main__":
    write(read())

"""AWS for the tests: moto's server on this machine, and which provider for it there is."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VERSION = "5.100.0"
ACCOUNT = "123456789012"  # moto's
REGION = "eu-west-1"
_PACKAGES = ROOT / ".venv" / "terraform-provider"
_PLACES = (Path("/opt/tf-plugins"), Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins"))
_SCRIPT = """#!/bin/sh
exec '{python}' -I -c 'import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1), run_name="__main__")' '{packages}' '{provider}' "$@"
"""


@dataclass(frozen=True)
class Mirror:
    """A folder of providers, and how to call the AWS provider in it."""

    folder: Path
    told: str


def hashicorps() -> Mirror | None:
    """The mirror with HashiCorp's own provider, where the machine has one."""
    named = os.environ.get("TRELLIS_TF_PLUGIN_DIR")
    for folder in (Path(named),) if named else _PLACES:
        if (folder / "registry.terraform.io" / "hashicorp" / "aws" / VERSION).is_dir():
            return Mirror(folder, f"HashiCorp's AWS provider {VERSION}")
    return None


def stand_in(folder: Path) -> Mirror | None:
    """Ours, written into a mirror of its own; None where its packages are not installed."""
    if not (_PACKAGES / "tf").is_dir():
        return None
    place = folder / "registry.terraform.io" / "hashicorp" / "aws" / VERSION / "linux_amd64"
    place.mkdir(parents=True)
    script = place / f"terraform-provider-aws_v{VERSION}"
    script.write_text(_SCRIPT.format(python=sys.executable, packages=_PACKAGES, provider=Path(__file__).with_name("provider.py")))
    script.chmod(0o755)
    return Mirror(folder, "the stand-in for the AWS provider (ours, in Python)")


class Aws:
    """One account of moto, emptied for each test that asks for it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def env(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return {**keys, "AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
        )

    def instances(self) -> list[dict[str, Any]]:
        """Those that are not gone."""
        found = self.client("ec2").describe_instances()["Reservations"]
        return [each for one in found for each in one["Instances"] if each["State"]["Name"] not in {"terminated", "shutting-down"}]


@contextmanager
def moto() -> Iterator[Aws]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Aws(f"http://{host}:{port}")
    finally:
        server.stop()
        assert threading.current_thread() is threading.main_thread()

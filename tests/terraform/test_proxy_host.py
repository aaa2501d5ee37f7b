"""What a host of modules/platform's proxy starts: the module's own script, with a recorder in Traefik's place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioner.terraform.settings import MODULES

PROXY = MODULES / "platform" / "proxy"


def started(folder: Path, token: str) -> subprocess.CompletedProcess[str]:
    """The script, in a folder that stands for the host."""
    (folder / "run").mkdir()
    (folder / "traefik.yaml").write_text((PROXY / "traefik.yaml.tftpl").read_text())
    (folder / "aws").write_text(f"#!/bin/sh\necho \"$@\" > {folder}/asked\ncat <<'END'\n{token}\nEND\n")
    (folder / "traefik").write_text(f'#!/bin/sh\necho "$@" > {folder}/ran\n')
    for name in ("aws", "traefik"):
        (folder / name).chmod(0o755)
    text = (PROXY / "start.sh").read_text()
    for before, after in (("/etc/trellis-proxy/", f"{folder}/"), ("/usr/local/bin/", f"{folder}/")):
        assert before in text
        text = text.replace(before, after)
    (folder / "start").write_text(text)
    env = {"PATH": f"{folder}:/usr/bin:/bin", "RUNTIME_DIRECTORY": str(folder / "run")}
    return subprocess.run(
        ["sh", str(folder / "start"), "trellis/traefik", "eu-west-1"], env=env, capture_output=True, text=True, check=False
    )


def test_traefik_names_to_trellis_what_the_secret_holds_in_a_file_of_this_run_only(tmp_path: Path) -> None:
    assert started(tmp_path, "a-Token_0.9~+/=").returncode == 0
    written = tmp_path / "run" / "traefik.yaml"
    assert 'headers: {Authorization: "Bearer a-Token_0.9~+/="}' in written.read_text()
    assert written.stat().st_mode & 0o077 == 0
    assert (tmp_path / "ran").read_text() == f"--configFile={written}\n"
    assert "--secret-id trellis/traefik" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize("token", ["", 'x"}\nproviders: {file: {}}', "a|b", "a&b", "a b", "$(id)", "ä"])
def test_what_is_no_token_starts_nothing(tmp_path: Path, token: str) -> None:
    ran = started(tmp_path, token)
    assert (ran.returncode, "is no token" in ran.stderr) == (1, True)
    assert not (tmp_path / "ran").exists()

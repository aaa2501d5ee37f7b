"""`trellis` from the outside: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def trellis(folder: Path, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TRELLIS_PORT": "1"}
    argv = [sys.executable, "-m", "bot", *words]
    return subprocess.run(argv, cwd=folder, env=env, input=given, capture_output=True, text=True, timeout=60, check=False)


def test_parse_points_at_a_mistake_and_ends_with_2(tmp_path: Path) -> None:
    ran = trellis(tmp_path, "parse", "/ivy create --tll 48h")
    assert ran.returncode == 2
    assert ran.stdout == (
        "`/ivy create --tll 48h`\n"
        "             ^^^^^ no option `--tll` here. Did you mean `--ttl`?\n"
        "Try: `/ivy create --ttl 48h`\n"
    )  # fmt: skip


def test_parse_gives_json_lines_in_order(tmp_path: Path) -> None:
    text = "hello\n\n/ivy status #12\n\n```\n/ivy terminate\n```\n\n/ivy extend 1d12h\n"
    ran = trellis(tmp_path, "parse", "--markdown", "--json", "-", given=text)
    assert ran.returncode == 0
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [
        {"command": "ivy status", "args": {"env": "#12"}},
        {"command": "ivy extend", "args": {"env": None, "duration": 129_600, "until": None, "reason": None}},
    ]


@pytest.mark.parametrize("text", ["", "hello", "> /ivy create", "`/ivy create`"])
def test_parse_of_nothing_prints_nothing(tmp_path: Path, text: str) -> None:
    ran = trellis(tmp_path, "parse", text)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("words", [("say", "/ivy list"), ("chat",)])
def test_talking_to_nobody_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = trellis(tmp_path, *words, given="")
    assert ran.returncode == 3
    assert ran.stderr == "trellis: Trellis is not running here (looked in .trellis): start it with `make run` or `trellis up`\n"


def test_the_doctor_says_what_is_bad_and_ends_with_1(tmp_path: Path) -> None:
    ran = trellis(tmp_path, "doctor", "--json")
    assert ran.returncode == 1
    found = {each["about"]: each for each in json.loads(ran.stdout)}
    assert found["migrations"]["words"] == "the database is at nothing, this version wants 0001: run `trellis migrate`"
    assert found["redis"]["finding"] == "bad"
    assert found["keeper"]["finding"] == "bad"

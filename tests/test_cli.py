"""`trellis` from the outside: what it prints and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.store.migrate import newest


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


PARSED: tuple[tuple[tuple[str, ...], str | None, int, list[str]], ...] = (
    (("/ivy list",), None, 0, ["ivy list"]),
    (("--slack", "create demo"), None, 0, ["ivy create"]),
    (("create demo",), None, 0, []),
    (("--slack", "list\n&gt; terminate"), None, 0, ["ivy list"]),
    (("-",), "/ivy list\n\n> so?\n/ivy create\n", 2, ["ivy list", "swallowed"]),
    (("-",), "\n".join(["/ivy list"] * 6), 2, ["ivy list"] * 5 + ["too_many"]),
    (("/ivy extend -1h",), None, 2, ["unknown_option"]),
    (("/sled whoami\n/ivy stop",), None, 2, ["sled whoami", "unknown_verb"]),
)


@pytest.mark.parametrize(("words", "given", "code", "found"), PARSED)
def test_parse_shows_what_is_understood(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    given: str | None,
    code: int,
    found: list[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["trellis", "parse", "--json", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO(given or ""))
    with pytest.raises(SystemExit) as end:
        main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("command") or line["error"]["code"] for line in lines] == found
    assert end.value.code == code
    for line in lines:
        assert set(line) in ({"command", "args"}, {"error"})
        assert set(line.get("error", {})) in (set(), {"code", "message", "column", "suggestion"})


def test_parse_needs_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "trellis.toml").write_text("this is = no toml\n")
    assert trellis(tmp_path, "parse", "/ivy list").returncode == 0
    ran = trellis(tmp_path, "doctor")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("trellis: trellis.toml cannot be read: ")
    assert ran.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "bot", "parse", "-"]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    child = subprocess.Popen(argv, cwd=tmp_path, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    assert child.stderr
    child.stdout.close()
    child.stdin.write(b"/ivy list\n")
    child.stdin.close()
    with child.stderr as said:
        assert said.read() == b""
    assert child.wait(60) == 1


def test_words_that_are_no_subcommand_are_said_with_the_usage(tmp_path: Path) -> None:
    for words in ((), ("nonsense",), ("parse",), ("parse", "--slack", "--markdown", "x")):
        ran = trellis(tmp_path, *words)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("usage: trellis")


def test_talking_to_what_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".trellis").mkdir()
    (tmp_path / ".trellis" / "console.token").write_text("token")
    ran = trellis(tmp_path, "say", "/ivy list", "--wait")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith("trellis: Trellis does not answer: is it running? (")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("say", "/ivy list"), ("chat",)])
def test_talking_to_nobody_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = trellis(tmp_path, *words, given="")
    assert ran.returncode == 3
    assert ran.stderr == "trellis: Trellis is not running here (looked in .trellis): start it with `make run` or `trellis up`\n"


def test_the_doctor_says_what_is_bad_and_ends_with_1(tmp_path: Path) -> None:
    ran = trellis(tmp_path, "doctor", "--json")
    assert ran.returncode == 1
    found = {each["about"]: each for each in json.loads(ran.stdout)}
    assert found["migrations"]["words"] == f"the database is at nothing, this version wants {newest()}: run `trellis migrate`"
    assert found["redis"]["finding"] == "bad"
    assert found["keeper"]["finding"] == "bad"


def test_schema_is_printed_without_any_configuration(tmp_path: Path) -> None:
    ran = trellis(tmp_path, "schema")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["title"] == ".dev-env.yaml"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("gitlab",), "GitLab is not configured: set TRELLIS_GITLAB__TOKEN and TRELLIS_GITLAB__WEBHOOK_SECRET"),
        (("github", "--hooks"), "GitHub is not configured: set TRELLIS_GITHUB__TOKEN and TRELLIS_GITHUB__WEBHOOK_SECRET"),
        (("github", "--url", "ghe.example"), "--url: use an address that begins with https://"),
    ],
)
def test_connect_says_in_one_line_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["trellis", "connect", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == f"trellis: {line}"


def test_connect_slack_prints_a_manifest_without_any_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["trellis", "connect", "slack", "--name", "Ivy"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("display_information:\n  name: Ivy\n")
    assert "https://api.slack.com/apps?new_app=1&manifest_json=" in out

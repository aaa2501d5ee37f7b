"""`trellis artifact`: what was built, registered and listed from a shell, with what the CI says of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.artifact import artifact
from bot.built import Built, of_ci
from bot.cli import parser
from bot.settings import SettingsError
from bot.store.tokens import Scope
from tests.api import token_for
from tests.served import served

if TYPE_CHECKING:
    from tests.world import World

ONE = "1" * 40


@pytest.fixture
async def shell(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[World]:
    """A CI's shell: in a folder with what it built, with an address and a token of ours."""
    for name in ("GITLAB_CI", "GITHUB_ACTIONS", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "deploy.py").write_text("import libdeploy as d\n")
    (folder / "hello").write_bytes(b"a program")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "140")
    async with served(world) as url:
        monkeypatch.setenv("TRELLIS_URL", url)
        monkeypatch.setenv("TRELLIS_TOKEN", await token_for(world, "ci", (Scope.ARTIFACTS,)))
        yield world


async def types(world: World, *line: str) -> int:
    return await artifact(world.settings, parser().parse_args(["artifact", *line]), "dana")


async def test_what_was_built_is_registered_and_listed(shell: World, capsys: pytest.CaptureFixture[str]) -> None:
    line = ("push", "hello", "hello", "--commit", ONE, "--address", "https://files.example.com/hello", "--title", "Say hello")
    assert await types(shell, *line) == 0
    assert capsys.readouterr().out == "hello 11111111 is registered (number 1, binary); its commit is not merged.\n"
    assert await types(shell, *line, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["sha256"], said["size_bytes"]) == (hashlib.sha256(b"a program").hexdigest(), 9)
    assert await types(shell, "list", "hello") == 0
    assert [row.split() for row in capsys.readouterr().out.splitlines()[2:]] == [
        ["hello", "11111111", "no", "2026-11-30", "12:00", "Say", "hello"]
    ]


async def test_an_image_goes_by_its_digest(shell: World, capsys: pytest.CaptureFixture[str]) -> None:
    reference = f"registry.example:5000/shop/pay:1.4@sha256:{'b' * 64}"
    assert await types(shell, "push", "hello", "--image", reference, "--commit", ONE, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["address"], said["sha256"]) == ("image", "registry.example:5000/shop/pay", "b" * 64)
    with pytest.raises(SettingsError, match="names no digest"):
        await types(shell, "push", "hello", "--image", "registry.example/pay:1.4", "--commit", ONE)


async def test_a_file_is_kept_where_this_machines_trellis_fetches_it(shell: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="Say --address URL"):
        await types(shell, "push", "hello", "hello", "--commit", ONE)
    monkeypatch.delenv("TRELLIS_URL")
    assert await types(shell, "push", "hello", "hello", "--commit", ONE) == 3  # nobody listens at the usual port here
    kept = shell.settings.pushed_dir / hashlib.sha256(b"a program").hexdigest()
    assert kept.read_bytes() == b"a program"


async def test_what_it_promises_is_registered_with_it_by_its_name(shell: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = b"openapi: 3.0.3\ninfo: {title: Hello, version: '1'}\npaths: {}\n"
    Path("api.yaml").write_bytes(spec)
    line = ("push", "hello", "hello", "--commit", ONE, "--address", "https://files.example.com/hello", "--contract", "api.yaml")
    with pytest.raises(SettingsError, match="Say --contract-address URL"):
        await types(shell, *line)
    assert await types(shell, *line, "--contract-address", "https://files.example.com/api.yaml") == 0
    async with shell.store.look() as look:
        kept = await look.artifacts.newest("hello")
    assert kept is not None
    assert (kept.contract_sha256, kept.contract_address) == (hashlib.sha256(spec).hexdigest(), "https://files.example.com/api.yaml")
    monkeypatch.delenv("TRELLIS_URL")
    assert await types(shell, *line) == 3  # nobody listens at the usual port here
    [copied] = shell.settings.pushed_dir.rglob("api.yaml")
    assert copied.read_bytes() == spec


@pytest.mark.parametrize(("name", "words"), [("notes.txt", "is no contract"), ("nothing.yaml", "cannot be read")])
async def test_what_is_no_contract_is_refused_where_it_is_pushed(shell: World, name: str, words: str) -> None:
    Path("notes.txt").write_text("hello")
    with pytest.raises(SettingsError, match=words):
        await types(shell, "push", "hello", "hello", "--commit", ONE, "--address", "https://x.example/x", "--contract", name)


async def test_what_is_missing_is_said(shell: World, tmp_path: Path) -> None:
    for line, words in (
        (("push", "hello"), "say what was built"),
        (("push", "hello", "hello", "--image", "x@sha256:1"), "say what was built"),
        (("push", "hello", "nothing", "--commit", ONE), "cannot be read"),
        (("push", "hello", "hello", "--deploy-py", "no.py"), "--deploy-py FILE"),
        (("push", "hello", "hello", "--address", "https://x.example/x"), "which commit"),
    ):
        with pytest.raises(SettingsError, match=words):
            await types(shell, *line)


async def test_git_says_which_commit_and_only_of_that(shell: World, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["init", "--quiet", "--initial-branch=demo"],
        ["add", "."],
        ["-c", "user.name=Dana", "-c", "user.email=d@example.com", "commit", "-qm", "Greet"],
    ):
        subprocess.run(["git", *words], check=True)
    line = ("push", "hello", "hello", "--address", "https://files.example.com/hello", "--json")
    assert await types(shell, *line) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ref"], said["title"], said["author"], len(said["commit"])) == ("refs/heads/demo", "Greet", "Dana", 40)
    assert await types(shell, *line, "--commit", ONE) == 0
    other = json.loads(capsys.readouterr().out)
    assert (other["commit"], other["title"]) == (ONE, "")


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "9" * 40, "GITHUB_REF": "refs/heads/main", "GITHUB_ACTOR": "dana"}
GITLAB = {"GITLAB_CI": "true", "CI_COMMIT_SHA": ONE, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_TITLE": "Greet", "GITLAB_USER_LOGIN": "dana"}
REQUEST = {
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "demo",
    "CI_MERGE_REQUEST_TITLE": "Greet all",
    "CI_COMMIT_BRANCH": "",
}


@pytest.mark.parametrize(
    ("variables", "event", "built"),
    [
        ({}, None, Built()),
        (GITHUB, {"head_commit": {"message": "Greet\n\nmore"}}, Built("9" * 40, "refs/heads/main", None, "Greet", "dana")),
        (
            {**GITHUB, "GITHUB_REF": "refs/pull/12/merge", "GITHUB_HEAD_REF": "demo"},
            {"pull_request": {"number": 12, "title": "Greet all", "head": {"sha": ONE, "ref": "demo"}}},
            Built(ONE, "refs/heads/demo", 12, "Greet all", "dana"),
        ),
        (GITHUB, None, Built("9" * 40, "refs/heads/main", None, "", "dana")),
        (GITHUB, [], Built("9" * 40, "refs/heads/main", None, "", "dana")),
        (GITLAB, None, Built(ONE, "refs/heads/main", None, "Greet", "dana")),
        ({**GITLAB, **REQUEST}, None, Built(ONE, "refs/heads/demo", 12, "Greet all", "dana")),
        (
            {**GITLAB, **REQUEST, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "3" * 40},
            None,
            Built("3" * 40, "refs/heads/demo", 12, "Greet all", "dana"),
        ),
        ({**GITLAB, "CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1"}, None, Built(ONE, "refs/tags/v1", None, "Greet", "dana")),
        ({**GITLAB, **REQUEST, "CI_MERGE_REQUEST_IID": "x²"}, None, Built(ONE, "refs/heads/demo", None, "Greet all", "dana")),
    ],
)
def test_what_a_ci_says(variables: dict[str, str], event: object, built: Built) -> None:
    assert of_ci(variables, event) == built

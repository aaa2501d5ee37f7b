"""What the doctor says of a GitHub App, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.doctor import doctor
from bot.settings import Settings
from tests.fakes.github import FakeGitHub
from tests.fakes.github_app import FakeApp, key


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(is_app=True) as made:
        made.project("acme/shop", id=42)
        yield made


@pytest.fixture
def app(github: FakeGitHub) -> FakeApp:
    assert github.app
    return github.app


async def said(folder: Path, github: FakeGitHub, capsys: pytest.CaptureFixture[str], pem: str = "") -> dict[str, str]:
    """What is said about the App, with the finding before it."""
    assert github.app
    file = folder / "key.pem"
    if not file.exists():
        file.touch(0o600)
        file.write_text(pem or github.app.private_key)
    settings = Settings(
        data_dir=folder / "data",
        redis_url=f"unix://{folder}/none.sock",
        github={"api_url": github.url, "app_id": "5", "private_key_file": file, "webhook_secret": "s"},  # type: ignore[arg-type]
        projects={"shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": str(folder / "none")}},  # type: ignore[dict-item]
    )
    assert await doctor(settings, as_json=True) == 1  # nothing runs here
    found = json.loads(capsys.readouterr().out)
    return {each["about"]: f"{each['finding']}: {each['words']}" for each in found if "github" in each["about"]}


async def test_an_app_that_is_well(tmp_path: Path, github: FakeGitHub, app: FakeApp, capsys: pytest.CaptureFixture[str]) -> None:
    app.install("acme")
    assert await said(tmp_path, github, capsys) == {
        "github app's key": f"good: {tmp_path / 'key.pem'} is its owner's only",
        "github token": "good: speaks as trellis[bot] (id 905)",
        "github app": "good: is trellis, by a key that GitHub knows",
        "github app in shop": "good: is installed where acme/shop is, and may what it needs",
    }


async def test_an_app_that_lacks_things(tmp_path: Path, github: FakeGitHub, app: FakeApp, capsys: pytest.CaptureFixture[str]) -> None:
    installed = app.install("acme")
    del installed.permissions["deployments"]
    installed.permissions["statuses"] = "read"
    app.events.remove("issue_comment")
    found = await said(tmp_path, github, capsys)
    assert found["github app in shop"] == (
        "bad: the GitHub App lacks deployments: write, statuses: write (it has read): ask for it in the App's settings, "
        f"then accept it at https://forge.example/organizations/acme/settings/installations/{installed.id}"
    )
    assert found["github app"] == (
        "bad: does not hear of issue_comment: subscribe to these events in its settings at https://forge.example/apps/trellis"
    )


async def test_an_app_that_is_not_installed(tmp_path: Path, github: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    found = await said(tmp_path, github, capsys)
    assert found["github app in shop"] == "bad: the GitHub App is not installed where acme/shop is: install it there"
    (tmp_path / "key.pem").chmod(0o644)
    found = await said(tmp_path, github, capsys)
    assert found["github app's key"] == f"bad: {tmp_path / 'key.pem'} can be read by others: chmod 600 {tmp_path / 'key.pem'}"


async def test_a_wrong_key_is_one_clear_line(tmp_path: Path, github: FakeGitHub, app: FakeApp, capsys: pytest.CaptureFixture[str]) -> None:
    app.install("acme")
    line = "GitHub does not know App 5 by this key: check app_id and private_key (Bad credentials)"
    found = await said(tmp_path, github, capsys, key("another's")[0])
    assert found["github app"] == f"bad: {line}"
    assert found["github app in shop"] == f"bad: {line}"
    assert found["github token"].startswith(f"bad: {line}")

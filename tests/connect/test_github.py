"""`trellis connect github`: an App is made by a person in a browser, and its secrets end in files of their own."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app.github import access_of
from bot.chats.github_app import AppAccess
from bot.chats.github_manifest import api_of, pages_of
from bot.connect.github import Wanted, github
from bot.settings import Settings, SettingsError, check
from tests.fakes.github import FakeGitHub

HERE = "https://trellis.example"


@pytest.fixture
def forge() -> Iterator[FakeGitHub]:
    with FakeGitHub() as made:
        yield made


def settings(folder: Path, forge: FakeGitHub, public_url: str = HERE) -> Settings:
    return Settings(data_dir=folder / "data", public_url=public_url, github={"api_url": forge.url})  # type: ignore[arg-type]


def form(page: str) -> tuple[str, str]:
    """Where the button leads, and the manifest that it brings."""
    action, manifest = re.search(r'action="([^"]*)"', page), re.search(r'name="manifest" value="([^"]*)"', page)
    assert action
    assert manifest
    return unescape(action[1]), unescape(manifest[1])


async def with_a_browser(given: Settings, wanted: Wanted, forge: FakeGitHub, *, is_forged: bool = False) -> int:
    """Run it; a person follows the page, agrees on GitHub and is led back."""
    opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(github(given, wanted, opened.set_result))
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(await opened)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        action, manifest = form(answer.text)
        assert action.startswith(f"{forge.url}/{'organizations/acme/' if wanted.org else ''}settings/apps/new?state=")
        back = json.loads(manifest)["redirect_url"]
        if is_forged:
            for query in ({"code": "abc", "state": "x"}, {"code": "abc"}, {"state": action.partition("=")[2], "code": "../x"}):
                assert (await browser.get(back, params=query)).status_code == 400
        code = forge.births.agree(manifest)
        assert (await browser.get(back, params={"code": code, "state": action.partition("state=")[2]})).status_code == 200
    return await running


async def test_an_app_is_made_and_its_lines_are_settings(tmp_path: Path, forge: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    given = settings(tmp_path, forge)
    assert await with_a_browser(given, Wanted(name="Trellis Acme", org="acme"), forge, is_forged=True) == 0
    key, lines = given.data_dir / "github-app.pem", given.data_dir / "github-app.toml"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (key, lines)] == [0o600, 0o600]
    read: dict[str, Any] = tomllib.loads(lines.read_text())
    assert read["github"] == {
        "app_id": "77",
        "private_key_file": str(key),
        "api_url": forge.url,
        "webhook_secret": "from-github",
    }
    made = Settings(data_dir=given.data_dir, **read)
    check(made)
    assert isinstance(access_of(made), AppAccess)
    out = capsys.readouterr().out.splitlines()
    assert out[1:] == [
        "The App trellis-acme is made: https://forge.example/apps/trellis-acme",
        f"1. Put the lines of {lines} into trellis.toml (they are secret; a token of GitHub's beside them goes).",
        "2. Install it where your projects are: https://forge.example/apps/trellis-acme/installations/new",
        "3. Start Trellis anew and look: trellis doctor",
    ]
    assert "from-github" not in "".join(out)
    with pytest.raises(SettingsError, match="is there already: an App was made"):
        await github(given, Wanted())


async def test_elsewhere_a_file_and_a_code_do(tmp_path: Path, forge: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    given = settings(tmp_path, forge, public_url="")
    assert await github(given, Wanted(is_manual=True)) == 0
    page = (given.data_dir / "github-app.html").read_text()
    _, manifest = form(page)
    assert "hook_attributes" not in manifest, "without a public address there is no webhook"
    assert "trellis connect github --code CODE" in capsys.readouterr().out
    code = forge.births.agree(manifest)
    assert await github(given, Wanted(code=code)) == 0
    assert 'give its projects receive = "polling"' in capsys.readouterr().out
    assert "webhook_secret" not in (given.data_dir / "github-app.toml").read_text()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("abc", "trellis: GitHub does not know this code: it is good once, and for an hour\n"),
        ("../app", "trellis: that is no code of GitHub's\n"),
    ],
)
async def test_a_code_that_is_none_makes_nothing(
    tmp_path: Path, forge: FakeGitHub, capsys: pytest.CaptureFixture[str], code: str, words: str
) -> None:
    given = settings(tmp_path, forge)
    assert await github(given, Wanted(code=code)) == 1
    assert capsys.readouterr().err == words
    assert not given.data_dir.exists()


async def test_the_manifest_asks_for_what_is_used_and_no_more(tmp_path: Path, forge: FakeGitHub) -> None:
    given = settings(tmp_path, forge)
    await github(given, Wanted(is_manual=True))
    _, text = form((given.data_dir / "github-app.html").read_text())
    made = json.loads(text)
    assert made["hook_attributes"] == {"url": f"{HERE}/hooks/github", "active": True}
    assert made["default_events"] == [
        "check_run",
        "delete",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "push",
        "status",
    ]
    assert made["default_permissions"] == {
        "checks": "read",
        "contents": "read",
        "deployments": "write",
        "issues": "write",
        "metadata": "read",
        "pull_requests": "write",
        "statuses": "write",
    }
    assert made["public"] is False


@pytest.mark.parametrize(
    ("pages", "api"),
    [("https://github.com", "https://api.github.com"), ("https://github.example.com", "https://github.example.com/api/v3")],
)
def test_pages_and_api_of_a_github_lead_to_each_other(pages: str, api: str) -> None:
    assert (api_of(pages), pages_of(api)) == (api, pages)

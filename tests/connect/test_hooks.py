"""`trellis connect github --hooks` and `gitlab`: a webhook for each project, however often it is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.connect.hooks import github_hooks, gitlab_hooks
from bot.settings import Settings, SettingsError
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab

HERE = "https://trellis.example"
EVENTS = ["check_run", "delete", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "push", "status"]
END = "Whether they arrive: comment `/ivy whoami`, or trellis doctor.\n"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as made:
        made.project("acme/shop", id=42)
        made.project("acme/site", id=43)
        yield made


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as made:
        made.project("acme/tools", id=77)
        made.project("acme/docs", id=78)
        yield made


def on_github(folder: Path, there: FakeGitHub, **more: Any) -> Settings:
    projects = {
        "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": "https://github.com/acme/shop.git"},
        "site": {"forge": "github", "id": "43", "path": "acme/site", "clone_url": "https://github.com/acme/site.git", "receive": "polling"},
    }
    forge = {"api_url": there.url, "token": there.token, "webhook_secret": there.secret}
    return Settings(**{"data_dir": folder, "github": forge, "projects": projects, "public_url": HERE, **more})


def on_gitlab(folder: Path, there: FakeGitLab, **more: Any) -> Settings:
    projects = {
        "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": "https://gitlab.com/acme/tools.git"},
        "docs": {"forge": "gitlab", "id": "78", "path": "acme/docs", "clone_url": "https://gitlab.com/acme/docs.git"},
    }
    forge = {"url": there.url, "token": there.token, "webhook_secret": there.secret}
    return Settings(**{"data_dir": folder, "gitlab": forge, "projects": projects, "public_url": HERE, **more})


async def test_a_repository_gets_a_webhook_once(tmp_path: Path, github: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    settings = on_github(tmp_path, github)
    assert await github_hooks(settings, is_dry=True) == 0
    assert github.webhooks.rows == []
    polled = "- site: is polled and needs no webhook\n"
    dry = f"✓ shop: made ({HERE}/hooks/github)\n{polled}Nothing was changed: that is what would be done.\n"
    assert capsys.readouterr().out == dry
    assert await github_hooks(settings, is_dry=False) == 0
    [hook] = github.webhooks.of("acme/shop")
    assert hook["events"] == EVENTS
    assert hook["config"] == {"url": f"{HERE}/hooks/github", "content_type": "json", "secret": "********", "insecure_ssl": "0"}
    assert github.webhooks.secrets == {hook["id"]: "hook-secret"}
    assert await github_hooks(settings, is_dry=False) == 0
    assert len(github.webhooks.rows) == 1
    assert capsys.readouterr().out == (
        f"✓ shop: made ({HERE}/hooks/github)\n{polled}{END}✓ shop: is there and right ({HERE}/hooks/github)\n{polled}{END}"
    )


async def test_what_is_wrong_with_a_webhook_is_put_right(tmp_path: Path, github: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    settings = on_github(tmp_path, github)
    await github_hooks(settings, is_dry=False)
    [hook] = github.webhooks.of("acme/shop")
    hook |= {"events": ["push", "fork"], "active": False}
    hook["config"] |= {"content_type": "form", "insecure_ssl": "1"}
    github.webhooks.secrets[hook["id"]] = "another"
    github.webhooks.add(github.project_at("acme/shop"), **{**hook, "id": 99, "config": {"url": "https://old.example/hooks/github"}})
    capsys.readouterr()
    assert await github_hooks(settings, is_dry=False) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "✓ shop: put right: it lacked check_run, delete, issue_comment, pull_request, "
        "pull_request_review, pull_request_review_comment, status, it was switched off, "
        f"it did not send JSON, it did not check certificates ({HERE}/hooks/github); "
        "there is one to https://old.example/hooks/github too: remove it if nobody listens there"
    )
    assert (hook["events"], hook["active"], github.webhooks.secrets[hook["id"]]) == (EVENTS, True, "hook-secret")


async def test_who_may_not_is_told_what_it_takes(tmp_path: Path, github: FakeGitHub, capsys: pytest.CaptureFixture[str]) -> None:
    github.fail_next("LIST hooks", 404)
    assert await github_hooks(on_github(tmp_path, github), is_dry=False) == 1
    assert capsys.readouterr().out.splitlines()[0] == (
        "✗ shop: GitHub does not let the token do this (404): it needs Webhooks, read and write, in this repository"
    )


async def test_an_app_needs_no_webhooks_of_repositories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeGitHub(is_app=True) as github:
        assert github.app
        forge = {"api_url": github.url, "app_id": "5", "private_key": github.app.private_key, "webhook_secret": "s"}
        assert await github_hooks(on_github(tmp_path, github, github=forge), is_dry=False) == 0
    assert capsys.readouterr().out == "A GitHub App brings its own webhook: its repositories need none. Look with: trellis doctor\n"


async def test_projects_on_gitlab_get_a_webhook_once(tmp_path: Path, gitlab: FakeGitLab, capsys: pytest.CaptureFixture[str]) -> None:
    settings = on_gitlab(tmp_path, gitlab)
    for _ in range(2):
        assert await gitlab_hooks(settings, is_dry=False) == 0
    [tools], [docs] = gitlab.webhooks.of("acme/tools"), gitlab.webhooks.of("acme/docs")
    told = {name for name, value in tools.items() if name.endswith("_events") and value}
    assert told == {"push_events", "note_events", "merge_requests_events", "pipeline_events"}
    assert tools["enable_ssl_verification"] is True
    assert gitlab.webhooks.secrets == {tools["id"]: gitlab.secret, docs["id"]: gitlab.secret}
    url = f"({HERE}/hooks/gitlab)"
    assert capsys.readouterr().out == (
        f"✓ tools: made {url}\n✓ docs: made {url}\n{END}✓ tools: is there and right {url}\n✓ docs: is there and right {url}\n{END}"
    )


async def test_a_webhook_that_gitlab_switched_off_goes_on(tmp_path: Path, gitlab: FakeGitLab, capsys: pytest.CaptureFixture[str]) -> None:
    settings = on_gitlab(tmp_path, gitlab)
    await gitlab_hooks(settings, is_dry=False)
    [hook] = gitlab.webhooks.of("acme/tools")
    hook |= {"alert_status": "disabled", "note_events": False, "push_events_branch_filter": "main", "enable_ssl_verification": False}
    capsys.readouterr()
    gitlab.fail_next("EDIT hook", 403)
    assert await gitlab_hooks(settings, is_dry=False) == 1
    assert await gitlab_hooks(settings, is_dry=False) == 0
    refused, _, _, mended, *_ = capsys.readouterr().out.splitlines()
    assert refused == (
        "✗ tools: GitLab does not let the token do this (403): it needs the scope api and the role Maintainer in this project"
    )
    assert mended == (
        "✓ tools: put right: it lacked comments, it told of branches like main only, it did not check certificates, "
        f"GitLab had switched it off ({HERE}/hooks/gitlab)"
    )
    assert (hook["alert_status"], hook["note_events"], hook["push_events_branch_filter"]) == ("executable", True, "")
    assert gitlab.webhooks.tested == [hook["id"]]


async def test_a_gitlab_that_is_not_there_is_said(tmp_path: Path, gitlab: FakeGitLab, capsys: pytest.CaptureFixture[str]) -> None:
    forge = {"url": "http://127.0.0.1:9", "token": "t", "webhook_secret": "s"}
    assert await gitlab_hooks(on_gitlab(tmp_path, gitlab, gitlab=forge), is_dry=False) == 1
    assert capsys.readouterr().out.splitlines()[0] == "✗ tools: GitLab could not be asked: ConnectionError"


async def test_what_is_missing_is_one_line(tmp_path: Path, github: FakeGitHub) -> None:
    for more, line in (
        ({"public_url": ""}, "TRELLIS_PUBLIC_URL is not set: webhooks must reach this Trellis. Without an address: RECEIVE=polling"),
        ({"github": None}, "GitHub is not configured: set TRELLIS_GITHUB__TOKEN and TRELLIS_GITHUB__WEBHOOK_SECRET"),
        ({"projects": {}}, "no project is on github: set TRELLIS_PROJECTS__KEY__FORGE=github and what belongs to it"),
    ):
        with pytest.raises(SettingsError) as error:
            await github_hooks(on_github(tmp_path, github, **more), is_dry=False)
        assert str(error.value) == line

"""What git is let in with: an App's token of that moment, and only where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.github import access_of
from bot.app.tokens import ForgeTokens
from bot.settings import Settings
from provisioner.engine import EngineUnavailable
from tests.fakes.github import FakeGitHub
from tests.fakes.github_app import LIFE_S

SHOP, TOOLS, LAB = "https://github.com/acme/shop.git", "https://gitlab.com/acme/tools.git", "/srv/lab.git"


def settings(folder: Path, github: FakeGitHub) -> Settings:
    assert github.app is not None
    return Settings(
        data_dir=folder,
        github={"api_url": github.url, "app_id": github.app.id, "private_key": github.app.private_key},  # type: ignore[arg-type]
        gitlab={"token": "glpat", "webhook_secret": "s"},  # type: ignore[arg-type]
        projects={
            "shop": {"forge": "github", "id": "42", "path": "acme/shop", "clone_url": SHOP},  # type: ignore[dict-item]
            "plain": {"forge": "github", "id": "43", "path": "acme/plain", "clone_url": "http://github.com/acme/plain.git"},  # type: ignore[dict-item]
            "tools": {"forge": "gitlab", "id": "77", "path": "acme/tools", "clone_url": TOOLS},  # type: ignore[dict-item]
            "lab": {"forge": "local", "clone_url": LAB},  # type: ignore[dict-item]
        },
    )


async def test_git_asks_for_a_token_each_time(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    with FakeGitHub(is_app=True, clock=lambda: now[0]) as github:
        found = settings(tmp_path, github)
        tokens = ForgeTokens(found, access_of(found, lambda: now[0]))
        with pytest.raises(EngineUnavailable, match=r"GitHub gave no token for it: the GitHub App is not installed where acme/shop is"):
            await tokens.token(SHOP)
        assert github.app
        github.app.install("acme")
        now[0] += 10
        first = await tokens.token(SHOP)
        assert (first, await tokens.token(SHOP)) == (first, first)
        now[0] += LIFE_S - 600
        assert first != await tokens.token(SHOP), "what is given has time left for a long fetch"
        newest = await tokens.token(SHOP)
        assert newest
        assert tokens.is_renewable(SHOP, newest)
        assert newest != await tokens.token(SHOP)
        assert [await tokens.token(each) for each in (TOOLS, LAB, "http://github.com/acme/plain.git", "https://evil.example")] == [
            "glpat",
            None,
            None,
            None,
        ]
        assert not tokens.is_renewable(TOOLS, "glpat")

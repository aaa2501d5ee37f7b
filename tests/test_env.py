"""`trellis env` and `trellis token`: environments from a shell, over the API."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.cli import parser
from bot.env import Options, env, quoted
from bot.store.tokens import Scope
from bot.tokens import token
from grammar.parse import Understood, read
from tests.api import token_for
from tests.conversations.talk import words
from tests.served import served

if TYPE_CHECKING:
    from tests.world import World

DANA = Options("dana")


@pytest.fixture
async def shell(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A shell in which TRELLIS_URL and TRELLIS_TOKEN are set."""
    async with served(world) as url:
        monkeypatch.setenv("TRELLIS_URL", url)
        monkeypatch.setenv("TRELLIS_TOKEN", await token_for(world))
        monkeypatch.setenv("COLUMNS", "60")  # a pipe has no width
        yield world


async def test_a_life_from_a_shell(shell: World, capsys: pytest.CaptureFixture[str]) -> None:
    async def types(*line: str) -> tuple[int, str]:
        code = await env(shell.settings, list(line), DANA)
        return code, capsys.readouterr().out

    code, said = await types("create", "lab:demo", "--ttl", "4h")
    assert code == 0
    assert said.startswith("✓ dana: demo-cd7qqd is ready after 0.0 s: demo at bbbbbbbb\n")
    code, said = await types("list", "--mine")
    assert "\n".join(line.rstrip() for line in said.splitlines()) == words(
        """
        environment   state   project   branch   owner   goes                   address
        ─────────────────────────────────────────────────────────────────────────────────────────────────────────
        demo-cd7qqd   ready   lab       demo     dana    2026-11-30 16:00 UTC   http://demo-cd7qqd.localhost:8780
        """
    )
    code, said = await types("show", "demo-cd7qqd")
    assert [line.split()[:2] for line in said.splitlines()][:4] == [
        ["environment", "demo-cd7qqd"],
        ["state", "ready"],
        ["project", "lab"],
        ["branch", "demo"],
    ]
    assert "http://demo-cd7qqd.localhost:8780 (healthy)" in said
    code, said = await types("list", "--json")
    assert [each["slug"] for each in json.loads(said)] == ["demo-cd7qqd"]
    assert (await types("extend", "demo-cd7qqd", "900h"))[0] == 1
    code, said = await types("create", "lab:\udcff")  # a byte that is no text, as Python hands it on
    assert (code, said.partition("\n")[0]) == (1, "✗ dana: There is no branch \ufffd in lab.")
    code, said = await types("terminate", "demo-cd7qqd", "--json")
    assert (code, json.loads(said)["state"]) == (0, "done")
    assert await types("list") == (0, "No environments. Make one: trellis env create BRANCH\n")


async def test_what_stands_in_the_way_is_one_line(
    shell: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await env(shell.settings, ["show", "nope"], DANA) == 1
    assert capsys.readouterr().err == "trellis: There is no environment nope. List them: /ivy list (unknown_environment)\n"
    monkeypatch.setenv("TRELLIS_TOKEN", "trl_wrong")
    assert await env(shell.settings, ["list"], DANA) == 1
    assert capsys.readouterr().err == "trellis: This token is not known here, has expired or was revoked. (bad_token)\n"
    monkeypatch.delenv("TRELLIS_TOKEN")
    assert await env(shell.settings, ["list"], DANA) == 3
    assert (
        capsys.readouterr().err == "trellis: TRELLIS_URL is set and TRELLIS_TOKEN is not: make a token there with `trellis token create`\n"
    )
    monkeypatch.setenv("TRELLIS_TOKEN", "trl_x")
    monkeypatch.setenv("TRELLIS_URL", "http://127.0.0.1:1")
    assert await env(shell.settings, ["list"], DANA) == 3
    assert capsys.readouterr().err.startswith("trellis: Trellis does not answer at http://127.0.0.1:1: is it running? (")


async def test_tokens_are_made_listed_and_revoked(
    shell: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_TOKEN", await token_for(shell, scopes=(Scope.ADMIN,)))

    async def types(*line: str) -> str:
        args: argparse.Namespace = parser().parse_args(["token", *line])
        assert await token(shell.settings, args, "dana") == 0
        return capsys.readouterr().out

    assert (await types("create", "ci", "--scope", "read")).startswith("trl_")
    [made] = [each for each in json.loads(await types("list", "--json")) if each["name"] == "ci"]
    assert made["scopes"] == ["read"]
    assert await types("revoke", made["id"]) == "It is worth nothing any more.\n"
    [row] = [row for row in (await types("list")).splitlines() if row.startswith(made["id"])]
    assert row.split()[1:] == ["ci", "read", "2027-02-28", "never", "revoked"]


@pytest.mark.parametrize(
    "line",
    [
        ["create", "lab:demo", "--tilt-args", "--only web api"],
        ["create", "feature/ü x", '--name=a"b'],
        ["extend", "--until", "fri 18:00", "--reason", 'she said "no"'],
        ["create", "demo", "--", "--only", "web api", "a\\b"],
    ],
)
def test_words_of_a_shell_are_the_words_of_the_command(line: list[str]) -> None:
    [found] = read("/ivy " + " ".join(quoted(word) for word in line), "line", is_direct=True)
    if isinstance(found, Understood):
        assert found.position == 0
    else:
        assert found.mistake.code not in {"unknown_option", "extra_word", "unknown_verb", "open_quote"}, found.mistake

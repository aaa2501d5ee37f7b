"""`trellis connect slack`: the manifest is what the code uses, and the link holds all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bot.chats.slack_manifest import manifest
from bot.chats.slack_wire import COMMANDS
from bot.connect.slack import slack
from bot.rendering.views import CREATE
from bot.settings import Settings, SettingsError

HERE = "https://trellis.example"


def said(folder: Path, capsys: pytest.CaptureFixture[str], *, public_url: str = "", is_socket: bool = False) -> str:
    assert slack(Settings(data_dir=folder, public_url=public_url), "Trellis", is_socket=is_socket) == 0
    return capsys.readouterr().out


def linked(out: str) -> Any:
    [address] = [line.strip() for line in out.splitlines() if line.strip().startswith("https://api.slack.com")]
    query = parse_qs(urlsplit(address).query, strict_parsing=True)
    assert query["new_app"] == ["1"]
    return json.loads(query["manifest_json"][0])


def test_with_a_public_address_slack_sends_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(tmp_path, capsys, public_url=HERE)
    shown = yaml.safe_load(out.partition("\n\nSlack will send")[0])
    assert shown == linked(out) == manifest("Trellis", f"{HERE}/hooks/slack")
    addresses = {each["url"] for each in shown["features"]["slash_commands"]}
    addresses |= {shown["settings"][each]["request_url"] for each in ("event_subscriptions", "interactivity")}
    assert addresses == {f"{HERE}/hooks/slack"}
    assert shown["settings"]["socket_mode_enabled"] is False
    assert "TRELLIS_SLACK__SIGNING_SECRET" in out
    assert "xapp-" not in out


@pytest.mark.parametrize(("public_url", "is_socket"), [("", False), (HERE, True)])
def test_without_one_it_is_socket_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str], public_url: str, is_socket: bool) -> None:
    out = said(tmp_path, capsys, public_url=public_url, is_socket=is_socket)
    made = linked(out)
    assert made == manifest("Trellis", "")
    assert "url" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "TRELLIS_SLACK__APP_TOKEN=xapp-" in out
    assert "SIGNING_SECRET" not in out


def test_the_manifest_is_what_is_used() -> None:
    made = manifest("Trellis", "")
    assert tuple(each["command"] for each in made["features"]["slash_commands"]) == COMMANDS
    assert made["features"]["shortcuts"][0]["callback_id"] == CREATE
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["features"]["shortcuts"][0]["name"]) <= 24
    assert made["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened", "app_mention", "message.im"]


def test_a_name_that_slack_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="35 letters"):
        slack(Settings(data_dir=tmp_path), "x" * 36, is_socket=False)

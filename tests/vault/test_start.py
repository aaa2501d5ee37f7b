"""Nothing starts where an exchange's production is called a sandbox, or production's secrets can be read."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bot.app.markets import offer_of
from bot.app.vault import keeping_of, must_hold
from bot.app.work import run_worker
from bot.settings import Settings, SettingsError
from bot.vault.canary import Canary
from bot.vault.vault import VaultUnavailable
from bot.vaulting import vault

PRODUCTION = "/prod/trellis-canary"


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, **more)


@pytest.mark.parametrize(
    ("source", "hosts", "told"),
    [
        ({"rest_url": "https://api.binance.com"}, (), "api.binance.com is an exchange's production: say sandbox = false"),
        ({"ws_url": "wss://stream.binance.com:9443/stream"}, (), "stream.binance.com is an exchange's production"),
        ({"rest_url": "http://127.0.0.1:8080"}, (), "127.0.0.1 is no sandbox that is known here"),
        ({"rest_url": "https://exchange.example"}, ("other.example",), "exchange.example is no sandbox that is known here"),
        ({}, ("API.Binance.com",), "TRELLIS_TRADING__SANDBOX_HOSTS: api.binance.com is an exchange's production"),
    ],
)
def test_a_sandbox_that_is_none_is_refused(tmp_path: Path, source: dict[str, str], hosts: tuple[str, ...], told: str) -> None:
    feeds = {"sources": {"binance": {"exchange": "binance", **source}}}
    with pytest.raises(SettingsError, match=told):
        offer_of(settings(tmp_path, feeds=feeds, trading={"sandbox_hosts": hosts}))


def test_production_may_be_heard_and_is_offered_to_no_environment(tmp_path: Path) -> None:
    sources = {
        "binance": {"exchange": "binance", "markets": ["spot"], "ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"},
        "live": {"exchange": "binance", "sandbox": False},
    }
    offer = offer_of(settings(tmp_path, feeds={"sources": sources}, trading={"sandbox_hosts": ["127.0.0.1"]}))
    assert {name for name, _ in offer.sandboxes} == {"binance"}


async def test_no_worker_starts_where_production_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings(tmp_path)
    keeping = keeping_of(told)
    await must_hold(keeping)

    class Open:
        async def is_refused(self, path: str) -> bool:
            return False

    leaky = Canary(Open(), keeping.vault, [PRODUCTION])
    with pytest.raises(SettingsError, match=f"may ask for {PRODUCTION}"):
        await must_hold(type(keeping)(keeping.vault, leaky))
    monkeypatch.setattr("bot.app.work.keeping_of", lambda _: type(keeping)(keeping.vault, leaky))
    with pytest.raises(SettingsError, match=f"may ask for {PRODUCTION}"):
        await run_worker(settings(tmp_path, redis_url="redis://127.0.0.1:9"))


async def test_who_keeps_them_not_answering_stops_no_worker(tmp_path: Path) -> None:
    keeping = keeping_of(settings(tmp_path))

    class Away:
        async def is_refused(self, path: str) -> bool:
            raise VaultUnavailable("no route to host")

    await must_hold(type(keeping)(keeping.vault, Canary(Away(), keeping.vault, [PRODUCTION])))


@pytest.mark.parametrize(
    ("vault", "told"),
    [
        ({"production": ["/sandbox/key"]}, "/sandbox/key is an environment's"),
        ({"key": "short"}, "TRELLIS_VAULT__KEY: a vault's key is 32 bytes"),
    ],
)
def test_a_vault_that_cannot_be_used_is_refused(tmp_path: Path, vault: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        keeping_of(settings(tmp_path, vault=vault))


def test_something_of_production_is_always_tried(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        settings(tmp_path, vault={"production": []})


async def test_a_key_of_the_configuration_leaves_none_in_the_folder(tmp_path: Path) -> None:
    keeping = keeping_of(settings(tmp_path, vault={"key": base64.b64encode(bytes(range(32))).decode()}))
    await keeping.vault.write("/sandbox/key", "play money")
    assert not (tmp_path / "vault" / "key").exists()
    assert await keeping.vault.read("/sandbox/key") == "play money"


async def test_from_a_terminal_the_policy_is_printed_and_production_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = settings(tmp_path)
    assert await vault(told, ["policy", "123456789012", "eu-west-1"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"
    assert await vault(told, ["try"]) == 0
    assert capsys.readouterr().out == f"Refused, as it should be: {PRODUCTION}\n"
    for wrong in ([], ["policy"], ["policy", "1", "eu-west-1"], ["read", "/sandbox/key"]):
        with pytest.raises(SettingsError):
            await vault(told, wrong)

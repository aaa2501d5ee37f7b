"""What the network lets out is the same list that a profile is checked against, and nothing of production can come into it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.app.markets import offer_of
from bot.domain.egress import Found, Way, nftables, terraform, ways_of
from bot.domain.sandboxes import SANDBOXES, Addresses, is_production
from bot.domain.trading import USUAL, Market, Offer
from bot.settings import Settings, SettingsError
from bot.vaulting import vault

FOUND = [Found(Way("sandbox.example", 443), ("192.0.2.7", "2001:db8::7")), Found(Way("nats.example", 4222), ("192.0.2.9",))]


def test_the_ways_out_are_the_sandboxes_that_are_offered_and_the_feed() -> None:
    ways = ways_of(USUAL, "tls://nats.example,nats://second.example:4333")
    hosts = {url.partition("://")[2] for each in SANDBOXES.values() for url in (each.rest, each.ws)}
    assert {each.host for each in ways} == {*hosts, "nats.example", "second.example"}
    assert Way("nats.example", 4222) in ways
    assert {each.port for each in ways} == {443, 4222, 4333}
    assert not any(is_production(each.host) for each in ways)


def test_this_machine_is_no_way_out() -> None:
    here = Offer({("binance", Market.SPOT): Addresses("http://127.0.0.1:8080", "ws://localhost:9")}, frozenset({"127.0.0.1", "localhost"}))
    assert ways_of(here, "nats://127.0.0.1:4222") == ()


@pytest.mark.parametrize("url", ["https://api.binance.com", "https://exchange.example", "ftp://testnet.binance.vision"])
def test_what_is_no_sandbox_renders_nothing(url: str) -> None:
    with pytest.raises(ValueError, match=r"production|no sandbox|over"):
        ways_of(Offer({("binance", Market.SPOT): Addresses(url, url)}))


def test_nftables_lets_out_only_that_and_only_that_user() -> None:
    text = nftables(FOUND, "trellis-env")
    assert 'meta skuid != "trellis-env" accept' in text
    assert "192.0.2.7 . 443" in text
    assert "192.0.2.9 . 4222" in text
    assert "2001:db8::7 . 443" in text
    assert text.index("@sandboxes6 accept") < text.index("reject with icmpx type admin-prohibited")
    for wrong in ("", "root; accept", 'x" accept', "A", "a" * 33):
        with pytest.raises(ValueError, match="a user's name"):
            nftables(FOUND, wrong)


@pytest.mark.skipif(not shutil.which("nft") or not shutil.which("unshare"), reason="nftables is not installed")
@pytest.mark.parametrize("found", [FOUND, []])
def test_nft_itself_understands_it(tmp_path: Path, found: list[Found]) -> None:
    rules = tmp_path / "rules"
    rules.write_text(nftables(found, "root"))
    argv = ["unshare", "--user", "--map-root-user", "--net", "nft", "--file", str(rules)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "Operation not permitted" in ran.stderr and "unshare" in ran.stderr:
        pytest.skip("no namespace of one's own may be had here")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_terraform_is_told_names_and_addresses() -> None:
    assert json.loads(terraform(FOUND)) == {
        "egress": [
            {"host": "sandbox.example", "port": 443, "addresses": ["192.0.2.7"]},
            {"host": "nats.example", "port": 4222, "addresses": ["192.0.2.9"]},
        ]
    }


async def test_from_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "binance": {"exchange": "binance", "markets": ["spot"], "ws_url": "wss://sandbox.example", "rest_url": "https://sandbox.example"}
    }
    told = Settings(data_dir=tmp_path, feeds={"sources": sources}, trading={"sandbox_hosts": ["sandbox.example"]})  # type: ignore[arg-type]
    assert offer_of(told).exchanges == {"binance": frozenset({Market.SPOT})}
    asked: list[str] = []

    def looked_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if len(asked) > 2:
            raise OSError("Name or service not known")
        return [(2, 1, 6, "", ("192.0.2.7", port))]

    monkeypatch.setattr("socket.getaddrinfo", looked_up)
    assert await vault(told, ["egress", "nftables", "trellis-env"]) == 0
    assert "192.0.2.7 . 443" in capsys.readouterr().out
    assert await vault(told, ["egress", "terraform"]) == 0
    assert json.loads(capsys.readouterr().out)["egress"][0]["host"] == "sandbox.example"
    assert await vault(told, ["egress", "terraform"]) == 3
    assert capsys.readouterr().out == "It could not be rendered: sandbox.example has no address here: Name or service not known\n"
    with pytest.raises(SettingsError, match="a user's name"):
        asked.clear()
        await vault(told, ["egress", "nftables", "Root"])

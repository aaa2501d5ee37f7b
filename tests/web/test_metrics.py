"""Metrics: what happened is counted, what is true of the whole comes from the database, and not everybody may read them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from bot.alive import alive
from bot.app.engines import Place
from bot.app.scraped import scraped, scraped_app
from bot.app.web import web_app
from bot.settings import MetricsSettings, Settings
from bot.store.tables import outbox
from bot.web.metrics import Readers
from grammar.commands import COMMANDS
from processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import World

Key = tuple[str, frozenset[tuple[str, str]]]


def key(name: str, **labels: str) -> Key:
    return name, frozenset(labels.items())


async def scrape(world: World) -> Mapping[Key, float]:
    answer = await world.web.get("/metrics")
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for family in families for sample in family.samples}


async def test_a_conversation_is_counted(world: World) -> None:
    dana, eve = world.github.user("dana", id=7, right="write"), world.github.user("eve", id=8, right="read")
    request = world.github.pull_request(world.shop, number=12, branch="demo", author=dana)
    before = await scrape(world)
    await world.says("/ivy create", by=dana, on=request)
    await world.says("/ivy terminate", by=eve, on=request)
    after = await scrape(world)
    grown = {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}
    created = {"command": "ivy create", "platform": "github", "outcome": "done", "code": ""}
    refused = {"command": "ivy terminate", "platform": "github", "outcome": "refused", "code": "not_allowed"}
    assert grown[key("trellis_commands_total", **created)] == 1
    assert grown[key("trellis_commands_total", **refused)] == 1
    assert grown[key("trellis_ready_seconds_count", command="ivy create")] == 1
    assert grown[key("trellis_card_seconds_count", platform="github")] == 1
    assert grown[key("trellis_deliveries_total", platform="github", outcome="taken")] == 2
    assert grown[key("trellis_requests_total", platform="github", status="ok")] >= 3
    assert after[key("trellis_environments", state="ready")] == 1
    assert after[key("trellis_environments", state="failed")] == 0
    assert after[key("trellis_database_up")] == 1
    assert after[key("trellis_queue_due", queue="messages")] == 0
    assert after[key("trellis_jobs", desk="create")] == 0


async def _deaf(_: object) -> None:
    pass


async def test_the_time_to_the_card_and_to_the_address_is_that_since_the_message(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    request = world.github.pull_request(world.shop, number=12, branch="demo", author=dana)
    before = await scrape(world)
    world.store.ringer = _deaf  # the message lies there for a while
    await world.says("/ivy create", by=dana, on=request, settle=False)
    world.clock.advance(seconds=40)
    await world.settle()
    after = await scrape(world)
    card, ready = key("trellis_card_seconds_sum", platform="github"), key("trellis_ready_seconds_sum", command="ivy create")
    assert after[card] - before.get(card, 0) == pytest.approx(40, abs=1)
    assert after[ready] - before.get(ready, 0) == pytest.approx(40, abs=1)


async def test_queues_are_what_the_database_says_of_them(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    request = world.github.pull_request(world.shop, number=12, branch="demo", author=dana)
    await world.says("/ivy create", by=dana, on=request)
    async with world.store.transaction() as transaction:
        await transaction.connection.execute(update(outbox).where(outbox.c.kind == "post").values(state="dead"))
        await transaction.connection.execute(
            update(outbox).where(outbox.c.kind == "reaction").values(state="waiting", due_at=transaction.now - 70)
        )
    found = await scrape(world)
    assert found[key("trellis_queue_dead", queue="posts")] >= 1
    assert found[key("trellis_queue_due", queue="posts")] >= 1
    assert found[key("trellis_queue_late_seconds", queue="posts")] == pytest.approx(70, abs=1)


async def test_a_limit_of_a_platform_is_seen(world: World) -> None:
    dana = world.github.user("dana", id=7, right="write")
    request = world.github.pull_request(world.shop, number=12, branch="demo", author=dana)
    before = await scrape(world)
    world.github.fail_next("GET right", 429, {"retry-after": "60"})
    await world.says("/ivy create", by=dana, on=request)
    after = await scrape(world)
    assert after[key("trellis_paused_seconds", platform="github")] == pytest.approx(60, abs=2)
    paused = key("trellis_pauses_total", platform="github")
    assert after[paused] - before.get(paused, 0) >= 1
    refused = key("trellis_requests_total", platform="github", status="429")
    assert after[refused] - before.get(refused, 0) >= 1


async def test_no_label_is_anything_that_people_wrote(world: World) -> None:
    mallory = world.github.user("mallory-x", id=66, right="write")
    request = world.github.pull_request(world.shop, number=12, branch="wild-branch", author=mallory)
    for line in (
        "/ivy create --name wild-name",
        "/ivy frobnicate wild-word",
        "/ivy terminate wild-env",
        "/ivy extend --reason wild-reason",
    ):
        await world.says(line, by=mallory, on=request)
    await world.types("/ivy create wild-branch --project lab", by="wild-person")
    [*_, environment] = await world.environments()
    answer = await world.web.get("/metrics")
    for theirs in ("wild", "mallory", "frobnicate", environment.slug, environment.id, "acme", "12"):
        assert theirs not in " ".join(_labels(answer.text))
    words = {command.words for command in COMMANDS}
    assert _labels(answer.text, "command") <= {*words, "unknown"}


def _labels(text: str, name: str = "") -> set[str]:
    ours = [family for family in text_string_to_metric_families(text) if family.name.startswith("trellis_")]
    numbers = {"le", "status"}
    return {
        value
        for family in ours
        for sample in family.samples
        for label, value in sample.labels.items()
        if (label == name if name else label not in numbers)
    }


async def _status(world: World, client: str, token: str = "", **headers: str) -> int:
    settings = world.settings.model_copy(update={"metrics": MetricsSettings.model_validate({"token": token})})
    app = web_app(settings, world.store, Place(world.engine, world.repositories))
    transport = httpx.ASGITransport(app, client=(client, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as web:
        return (await web.get("/metrics", headers=headers)).status_code


async def test_without_a_token_only_this_machine_reads_them(world: World) -> None:
    assert await _status(world, "127.0.0.1") == 200
    assert await _status(world, "10.0.0.9") == 403
    assert await _status(world, "127.0.0.1", **{"x-forwarded-for": "10.0.0.9"}) == 403  # a proxy of ours in between
    assert await _status(world, "127.0.0.1", host="rebound.example") == 403  # a stranger's page in a browser of this machine


async def test_with_a_token_whoever_names_it_reads_them_and_nobody_else(world: World) -> None:
    assert await _status(world, "10.0.0.9", "s3cret", authorization="Bearer s3cret") == 200
    assert await _status(world, "127.0.0.1", "s3cret") == 403
    assert await _status(world, "127.0.0.1", "s3cret", authorization="Bearer s3cre") == 403


async def test_without_the_database_the_process_still_tells_of_itself(world: World, tmp_path: Path) -> None:
    await world.store.database.close()
    world.store.database.read = None  # type: ignore[assignment,method-assign]
    found = await scrape(world)
    assert found[key("trellis_database_up")] == 0
    assert key("trellis_environments", state="ready") not in found
    assert any(name == "trellis_sweep_seconds_count" for name, _ in found)


async def test_a_worker_tells_its_own_numbers_and_whether_it_lives() -> None:
    well = [True]
    app = scraped_app(Readers(), lambda: well[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as web:
        text = (await web.get("/metrics")).text
        assert "trellis_jobs" in text
        assert "trellis_environments" not in text
        assert (await web.get("/healthz")).status_code == 200
        well[0] = False
        assert (await web.get("/healthz")).status_code == 503


async def test_whoever_supervises_a_worker_can_ask_whether_it_lives(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    well = [True]
    settings = Settings(data_dir=tmp_path, metrics={"worker_port": free_port()}, port=free_port())  # type: ignore[arg-type]
    assert await alive(settings, "work") == 1
    async with scraped(settings.metrics, lambda: well[0]):
        await _until(lambda: _answers(settings.metrics.worker_port))
        assert await alive(settings, "work") == 0
        async with scraped(settings.metrics, lambda: False):  # another worker of this host: it works on without a port
            assert await alive(settings, "work") == 0
        well[0] = False
        assert await alive(settings, "work") == 1
    assert await alive(settings, "serve") == 1
    assert await alive(settings, "keep") == 1
    said = capsys.readouterr().err.splitlines()
    assert "trellis: work is not well: it has not told the database of itself for a while" in said
    assert "trellis: keep is not well: the keeper is not running" in said


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)

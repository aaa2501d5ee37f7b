"""A page and the API tell no more of an environment than the commands that look would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.engine import LogLine
from tests.api import api_of
from tests.browser import signed_in
from tests.web.test_pages import words
from tests.world import a_world


def _forbidding(folder: Path, *commands: str) -> dict[str, Any]:
    rules = [
        f'@id("no-{each}")\n@reason("it is forbidden here")\nforbid (principal, action == Action::"ivy {each}", resource);\n'
        for each in commands
    ]
    (folder / "more.cedar").write_text("".join(rules))
    return {"policy_more": str(folder / "more.cedar"), "prices": {"small": 0.25}}


async def test_where_nothing_is_forbidden_all_is_shown(tmp_path: Path) -> None:
    async with a_world(tmp_path, **_forbidding(tmp_path, "restart")) as world:
        await world.types("create lab:demo")
        world.engine.log = (LogLine("web", "a line of the log"),)
        async with signed_in(world, "dana") as web:
            page = words(await web.get("/environments/demo-cd7qqd"))
            assert all(each in page for each in ("a line of the log", "asked for, at bbbbbbbb", "an hour"))
            assert "a line of the log" in (await web.get("/environments/demo-cd7qqd/logs")).text


async def test_logs_history_and_cost_need_the_right_to_ask_for_them(tmp_path: Path) -> None:
    async with a_world(tmp_path, **_forbidding(tmp_path, "logs", "history", "cost")) as world:
        await world.types("create lab:demo")
        world.engine.fail_next("it broke", "a line of the log")
        await world.types("update demo-cd7qqd --size large")
        world.engine.log = (LogLine("web", "a line of the log"),)
        async with signed_in(world, "dana") as web:
            page = await web.get("/environments/demo-cd7qqd")
            assert "You may not read its logs." in page.text
            assert not any(each in page.text for each in ("a line of the log", "asked for, at", "an hour"))
            logs = await web.get("/environments/demo-cd7qqd/logs")
            assert (logs.status_code, "a line of the log" in logs.text) == (403, False)
        api = await api_of(world)
        for part in ("logs", "events"):
            assert await api.refused("GET", f"/environments/demo-cd7qqd/{part}") == (403, "not_allowed")
        told = await api.gets("/environments/demo-cd7qqd")
        assert (told["failure"]["reason"], told["failure"]["log"], len(told["addresses"])) == ("it broke", [], 1)


@pytest.mark.parametrize("who", ["dana", "vera"])
async def test_addresses_need_the_right_to_ask_for_the_status(tmp_path: Path, who: str) -> None:
    async with a_world(tmp_path, **_forbidding(tmp_path, "status")) as world:
        await world.types("create lab:demo")
        address = "demo-cd7qqd.localhost"
        async with signed_in(world, who) as web:
            page = await web.get("/environments/demo-cd7qqd")
            assert (page.status_code, address in page.text) == (403, False)
            assert address not in (await web.get("/?show=all")).text
        api = await api_of(world, who)
        assert await api.refused("GET", "/environments/demo-cd7qqd") == (403, "not_allowed")
        [listed] = (await api.gets("/environments"))["environments"]
        assert (listed["slug"], listed["addresses"]) == ("demo-cd7qqd", [])

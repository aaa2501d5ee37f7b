"""Whatever the API's description allows, and what it does not, is asked of it: nothing breaks, and every answer is as described."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.web.api.pace import Buckets, Pace
from tests.conftest import EXAMPLES
from tests.served import served
from tests.world import a_world

pytestmark = pytest.mark.long

_STREAM = "/events"


class _Served:
    """A world in a thread of its own, with an environment in it: Schemathesis asks from this one, and blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.url = ""
        self.headers: dict[str, str] = {}

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with a_world(self._folder) as world, served(world) as url:
            await world.types("/ivy create lab:demo")
            [api] = [route.app for route in (await world.front.whole()).routes if getattr(route, "path", "") == "/api/v1"]  # type: ignore[attr-defined]
            api.state.callers._buckets = Buckets(Pace(burst=1e9))
            token = (world.settings.data_dir / "console.token").read_text()
            self.headers = {"authorization": f"Bearer {token}", "trellis-as": "dana"}
            self.url = url.replace("trellis.localhost", "127.0.0.1")
            self._is_up.set()
            await self._end.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_up.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Served]:
    with _Served(tmp_path_factory.mktemp("schemathesis")) as made:
        yield made


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
RUNS = settings(max_examples=min(EXAMPLES, 20), deadline=None, database=None, suppress_health_check=list(HealthCheck))


def _operations(product: _Served) -> dict[str, Any]:
    """All of the description but the stream, which does not end."""
    schema = schemathesis.openapi.from_url(f"{product.url}/api/v1/openapi.json")
    found: list[Any] = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    return {each.label: each for each in found if each.path != _STREAM}


def test_every_answer_is_as_described(product: _Served) -> None:
    operations = _operations(product)
    assert len(operations) >= 11
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        for operation in operations.values():

            @RUNS
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                case.call_and_validate(base_url=f"{product.url}/api/v1", headers=product.headers, checks=CHECKS, timeout=30)

            try:
                ask()
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE  # some take nothing that could be wrong


def test_nobody_is_answered_without_a_token(product: _Served) -> None:
    for operation in _operations(product).values():

        @settings(RUNS, max_examples=3)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            for headers in ({}, {"authorization": "Bearer trl_guessed"}):
                answer = case.call(base_url=f"{product.url}/api/v1", headers=headers, timeout=30)
                assert answer.status_code in {401, 404, 405, 422}, answer.text
                assert answer.headers["content-type"] == ["application/problem+json"]

        ask()

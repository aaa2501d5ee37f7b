"""A trace goes from the hook to the answer, through rows: nothing but the database lies between who takes and who works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot import tracing
from bot.app.traces import check_traces, traced
from bot.settings import Settings, SettingsError, check
from tests.world import World

if TYPE_CHECKING:
    from tests.fakes.forge import Request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.start(SimpleSpanProcessor(exporter), "test")
    yield exporter
    tracing.stop()


def outline(found: tuple[ReadableSpan, ...]) -> list[str]:
    """Each span below its parent, in the order in which they began."""
    children: dict[int, list[ReadableSpan]] = {}
    for span in sorted(found, key=lambda each: each.start_time or 0):
        children.setdefault(span.parent.span_id if span.parent else 0, []).append(span)

    def below(parent: int, depth: int) -> Iterator[str]:
        for span in children.get(parent, []):
            assert span.context is not None
            yield "  " * depth + span.name
            yield from below(span.context.span_id, depth + 1)

    return list(below(0, 0))


def a_request(world: World) -> Request:
    dana = world.github.user("dana", id=7, right="write")
    return world.github.pull_request(world.shop, number=12, branch="wild-branch", author=dana)


async def test_from_the_hook_to_the_address(world: World, spans: InMemorySpanExporter) -> None:
    request = a_request(world)
    await world.says("/ivy create --name wild-name", by=request.author, on=request)
    found = spans.get_finished_spans()
    assert len({span.context.trace_id for span in found if span.context}) == 1
    drawn = outline(found)
    assert len(drawn) == len(found), "every span hangs on another, up to the one that came in"
    said = [line.strip() for line in drawn if line.startswith("  say")]
    assert [line for line in drawn if not line.startswith("  say")] == [
        "take",
        "  hear",
        "    command",
        "      gather",
        "      decide",
        "  step apply",
        "    stage provisioning",
        "    stage configuring",
        "    stage starting",
    ]
    assert {"say reaction", "say card", "say post"} == set(said)


async def test_nothing_that_people_wrote_is_in_a_span(world: World, spans: InMemorySpanExporter) -> None:
    request = a_request(world)
    await world.says("/ivy create --name wild-name", by=request.author, on=request)
    world.engine.fail_next("wild reason", "wild log")
    await world.deliver("github", world.github.pushes(world.shop, "wild-branch", "c" * 40, by=request.author))
    said = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert "wild" not in said
    assert "dana" not in said


async def test_an_error_is_told_by_its_kind(world: World, spans: InMemorySpanExporter) -> None:
    request = a_request(world)
    world.engine.be_away(1)
    await world.says("/ivy create", by=request.author, on=request)
    [failed] = [span for span in spans.get_finished_spans() if not span.status.is_ok and span.name == "step apply"]
    assert dict(failed.attributes or {})["error.type"] == "EngineUnavailable"
    assert list(failed.events) == []


async def test_they_are_sent_to_the_collector_that_is_named(world: World) -> None:
    taken: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = Settings(telemetry={"otlp_endpoint": f"http://127.0.0.1:{server.server_port}"})  # type: ignore[arg-type]
        async with traced(settings, "worker:1"):
            await world.types("/ivy help")
        server.shutdown()
    assert {path for path, _ in taken} == {"/v1/traces"}
    resources = [resource for _, request in taken for resource in request.resource_spans]
    names = {span.name for resource in resources for scope in resource.scope_spans for span in scope.spans}
    assert {"take", "hear", "command"} <= names
    assert {each.value.string_value for each in resources[0].resource.attributes} >= {"trellis", "worker:1"}
    assert not tracing.is_on()


async def test_without_the_extra_nothing_starts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = Settings(telemetry={"otlp_endpoint": "http://127.0.0.1:4318"})  # type: ignore[arg-type]
    with pytest.raises(SettingsError) as error:
        check_traces(settings)
    assert str(error.value) == ("TRELLIS_TELEMETRY__OTLP_ENDPOINT is set, but OpenTelemetry is not installed: make extra NAME=otel")
    with pytest.raises(SettingsError, match="use http://HOST:4318"):
        check(Settings(telemetry={"otlp_endpoint": "localhost:4318"}))  # type: ignore[arg-type]
    check_traces(world.settings)  # nobody asks for traces: nothing is needed

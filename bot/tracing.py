"""Traces, where they are wanted: from what came in to what was said, over as many processes as it takes.

No row carries a trace: its ids are derived from the key of the message, which whoever works on it finds in the database. Spans hold words
of ours and ids, never what people wrote, and of errors their kind only. Without OpenTelemetry, or where nobody wants it, this does nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

Value = str | int | float | bool

_root: ContextVar[str] = ContextVar("trellis_trace_root", default="")


class NotInstalled(Exception):  # noqa: N818 - a sentence
    """OpenTelemetry is not there; the text says what to do."""


def trace_id(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()) or 1


def root_id(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


class _Traces:
    def __init__(self) -> None:
        self.provider: TracerProvider | None = None
        self.tracer: Tracer | None = None


_traces = _Traces()


def is_on() -> bool:
    return _traces.tracer is not None


def exporting(endpoint: str) -> SpanProcessor:
    """Sends spans in groups to a collector (OTLP over HTTP). Raises NotInstalled."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise NotInstalled("OpenTelemetry is not installed: make extra NAME=otel") from None
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5))


def start(processor: SpanProcessor, part: str) -> None:
    """Trace from now on; `part` is what this process is."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class Derived(RandomIdGenerator):
        """The first span of what came in has the ids that follow from its key."""

        def generate_trace_id(self) -> int:
            return trace_id(_root.get()) if _root.get() else super().generate_trace_id()

        def generate_span_id(self) -> int:
            return root_id(_root.get()) if _root.get() else super().generate_span_id()

    resource = Resource.create({"service.name": "trellis", "service.instance.id": part})
    _traces.provider = TracerProvider(resource=resource, id_generator=Derived(), shutdown_on_exit=False)
    _traces.provider.add_span_processor(processor)
    _traces.tracer = _traces.provider.get_tracer("trellis")


def stop() -> None:
    """Send what waits, and trace no more."""
    provider, _traces.provider, _traces.tracer = _traces.provider, None, None
    if provider:
        provider.shutdown()


def root(name: str, key: str, **values: Value) -> AbstractContextManager[None]:
    """The beginning: something came in."""
    return _begun(name, key, values) if is_on() else nullcontext()


def part(name: str, key: str, **values: Value) -> AbstractContextManager[None]:
    """What is done about it, perhaps in another process."""
    return _continued(name, key, values) if is_on() else nullcontext()


def step(name: str, **values: Value) -> AbstractContextManager[None]:
    """A piece of what is being done now."""
    return _spanned(name, values) if is_on() else nullcontext()


def opened(name: str, **values: Value) -> Span | None:
    """A piece that somebody ends by `end()`."""
    return _traces.tracer.start_span(name, attributes=values) if _traces.tracer else None


@contextmanager
def _begun(name: str, key: str, values: dict[str, Value]) -> Iterator[None]:
    from opentelemetry.context import Context  # noqa: PLC0415

    assert _traces.tracer is not None  # noqa: S101 - asked by the caller
    token = _root.set(key)
    try:
        span = _traces.tracer.start_span(name, context=Context(), attributes=values)
    finally:
        _root.reset(token)
    with _ended(span):
        yield


@contextmanager
def _continued(name: str, key: str, values: dict[str, Value]) -> Iterator[None]:
    from opentelemetry.context import Context, attach, detach  # noqa: PLC0415
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context  # noqa: PLC0415

    far = SpanContext(trace_id(key), root_id(key), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    token = attach(set_span_in_context(NonRecordingSpan(far), Context()))
    try:
        with _spanned(name, values):
            yield
    finally:
        detach(token)


@contextmanager
def _spanned(name: str, values: dict[str, Value]) -> Iterator[None]:
    from opentelemetry.trace import use_span  # noqa: PLC0415

    assert _traces.tracer is not None  # noqa: S101 - asked by the caller
    span = _traces.tracer.start_span(name, attributes=values)
    with _ended(span), use_span(span, record_exception=False, set_status_on_exception=False):
        yield


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    try:
        yield
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()

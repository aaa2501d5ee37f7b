"""What a multiplexer counts, for Prometheus. Labels are names of ours, never anything that an exchange writes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_SOURCE = ("source", "market")
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

events = Counter("trellis_feeds_events", "Events published.", (*_SOURCE, "kind"), registry=REGISTRY)
gaps = Counter("trellis_feeds_gaps", "Gaps published, by why.", (*_SOURCE, "kind", "reason"), registry=REGISTRY)
dropped = Counter("trellis_feeds_dropped", "Events that NATS was away too long for; their numbers are missing.", _SOURCE, registry=REGISTRY)
malformed = Counter("trellis_feeds_malformed", "Messages that are not as the exchange describes them.", _SOURCE, registry=REGISTRY)
lines_opened = Counter("trellis_feeds_lines", "Connections to exchanges that were made.", _SOURCE, registry=REGISTRY)
line_failures = Counter("trellis_feeds_line_failures", "Connections to exchanges that could not be made.", _SOURCE, registry=REGISTRY)
rollovers = Counter("trellis_feeds_rollovers", "Connections exchanged for new ones without a gap.", _SOURCE, registry=REGISTRY)
is_live = Gauge("trellis_feeds_live", "1 while a connection to the exchange stands.", _SOURCE, registry=REGISTRY)
instruments = Gauge("trellis_feeds_instruments", "Instruments that are followed.", _SOURCE, registry=REGISTRY)
refused = Gauge("trellis_feeds_refused", "Instruments that the exchange refuses.", _SOURCE, registry=REGISTRY)
is_leader = Gauge("trellis_feeds_leader", "1 while this process leads.", registry=REGISTRY)
takeovers = Counter("trellis_feeds_takeovers", "Times that this process became the leader.", registry=REGISTRY)
held = Gauge("trellis_feeds_held", "Events that wait for NATS.", registry=REGISTRY)
lag_seconds = Histogram("trellis_feeds_lag_seconds", "From the exchange's socket to NATS.", _SOURCE, buckets=_QUICK, registry=REGISTRY)
instrument_seconds = Counter(
    "trellis_feeds_instrument_seconds",
    "Seconds of instruments that were heard whole (seen) or not (lost).",
    (*_SOURCE, "how"),
    registry=REGISTRY,
)
environment_lost = Gauge("trellis_feeds_environment_lost", "Events that an environment says it lost.", ("environment",), registry=REGISTRY)
environment_pending = Gauge(
    "trellis_feeds_environment_pending_bytes", "Bytes that wait for an environment to read them.", ("environment",), registry=REGISTRY
)
environment_cut = Counter(
    "trellis_feeds_environment_cut", "Times that an environment was cut off because it did not read.", ("environment",), registry=REGISTRY
)
environment_answers = Gauge(
    "trellis_feeds_environment_answers", "1 when an environment told how it fares.", ("environment",), registry=REGISTRY
)

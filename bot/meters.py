"""What a process counts of itself, for Prometheus. What is true of the whole is asked of the database when it is scraped.

Labels are words of ours (commands, codes, platforms, desks), never anything that people write.
"""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, PlatformCollector, ProcessCollector

REGISTRY = CollectorRegistry()
for _standard in (ProcessCollector, PlatformCollector, GCCollector):
    _standard(registry=REGISTRY)

_WORD = re.compile(r"[a-z][a-z0-9_ -]{0,39}")
_SOON = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_LONG = (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)

_commands = Counter(
    "trellis_commands",
    "Commands that ended in this process, by what they came to; code says why one was refused or failed.",
    ("command", "platform", "outcome", "code"),
    registry=REGISTRY,
)
_ready = Histogram(
    "trellis_ready_seconds", "From the message to the environment that runs, by command.", ("command",), buckets=_LONG, registry=REGISTRY
)
_spare_claims = Counter(
    "trellis_spare_claims",
    "Environments asked for where there are warm spares: from a spare, or dry.",
    ("size", "outcome"),
    registry=REGISTRY,
)
spare_ready_seconds = Histogram(
    "trellis_spare_ready_seconds", "From the claim of a spare to the environment that runs.", ("size",), buckets=_LONG, registry=REGISTRY
)
spare_made_seconds = Histogram("trellis_spare_made_seconds", "How long making a spare takes.", ("size",), buckets=_LONG, registry=REGISTRY)
spares_retired = Counter("trellis_spares_retired", "Spares taken down unused: old, image, surplus, failed.", ("why",), registry=REGISTRY)
card_seconds = Histogram(
    "trellis_card_seconds", "From the message to the first card that answers it.", ("platform",), buckets=_SOON, registry=REGISTRY
)
deliveries = Counter("trellis_deliveries", "Webhooks: taken, ignored, refused, not_stored.", ("platform", "outcome"), registry=REGISTRY)
_requests = Counter(
    "trellis_requests",
    "What was asked of a platform: ok, the status it refused with, or no_answer.",
    ("platform", "status"),
    registry=REGISTRY,
)
pauses = Counter("trellis_pauses", "Times that a platform asked to be left in peace.", ("platform",), registry=REGISTRY)
retries = Counter(
    "trellis_retries", "Work that is put off to be tried again: hear, environment, post, card, record.", ("kind",), registry=REGISTRY
)
leases_lost = Counter("trellis_leases_lost", "Rows that were let go of because their lease was lost.", ("desk",), registry=REGISTRY)
adopted = Counter("trellis_adopted", "Environments that ran without a row and got one: was an old database restored?", registry=REGISTRY)
strays_done = Counter("trellis_strays_done", "What was done about strays.", ("kind", "act"), registry=REGISTRY)
bakes = Counter("trellis_bakes", "Bakes of the image that machines are made of: ready or failed.", ("outcome",), registry=REGISTRY)
bake_seconds = Histogram("trellis_bake_seconds", "From the beginning of a bake to its good image.", buckets=_LONG, registry=REGISTRY)
stray_look_seconds = Histogram("trellis_stray_look_seconds", "How long one look at the account takes.", buckets=_LONG, registry=REGISTRY)
secret_reads = Counter(
    "trellis_secret_reads",
    "Secrets that were wanted: asked of whoever keeps them (with AWS that costs), remembered, refused, too_many.",
    ("outcome",),
    registry=REGISTRY,
)
secret_alarms = Counter("trellis_secret_alarms", "Hours in which secrets were asked for more often than is usual.", registry=REGISTRY)
wall_holds = Gauge("trellis_wall_holds", "1: the last try to read a secret of production was refused.", registry=REGISTRY)
wall_breaches = Counter("trellis_wall_breaches", "Tries to read a secret of production that were not refused.", registry=REGISTRY)
jobs = Gauge("trellis_jobs", "Rows in hand in this process.", ("desk",), registry=REGISTRY)
sweep_seconds = Histogram("trellis_sweep_seconds", "How long one sweep takes.", buckets=_SOON, registry=REGISTRY)


def word(text: str, otherwise: str) -> str:
    """A label that can only be a word of ours."""
    return text if _WORD.fullmatch(text) else otherwise


def command_ended(words: str, platform: str, outcome: str, code: str, seconds: float | None = None) -> None:
    """Count a command; `seconds` is given when an environment came to run by it."""
    name = word(words, "unknown")
    _commands.labels(name, word(platform, "other"), word(outcome, "other"), word(code, "other") if code else "").inc()
    if seconds is not None:
        _ready.labels(name).observe(max(0.0, seconds))


def spare_claimed(size: str, *, is_dry: bool) -> None:
    _spare_claims.labels(size, "dry" if is_dry else "spare").inc()


def asked(platform: str, status: int | None) -> None:
    """Count a question to a platform that failed; `status` is None when there was no answer."""
    _requests.labels(platform, str(status) if status and 100 <= status < 600 else "no_answer").inc()


def answered(platform: str) -> None:
    """Count one that did not."""
    _requests.labels(platform, "ok").inc()

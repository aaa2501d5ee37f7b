"""What the multiplexer is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from feeds.instruments import Market


class FeedsCannotStart(Exception):  # noqa: N818 - a sentence, as the ports have them
    """One clear line for the operator."""


@dataclass(frozen=True)
class Source:
    """An exchange's market under a name of ours, which is a word of the subjects.

    `is_sandbox`: the exchange's test network. Other addresses than ccxt knows are in `ws_url` and `rest_url`.
    """

    name: str
    exchange: str
    market: Market
    is_sandbox: bool = True
    ws_url: str = ""
    rest_url: str = ""


@dataclass(frozen=True)
class FeedsSettings:
    """`nats_url` "": a server of our own in `data`, on `nats_port`. Seconds, unless a name says otherwise.

    `nats_ca` and ours (`nats_certificate`, `nats_key`) are PEM files, for addresses that begin with `tls://`.
    """

    data: Path
    sources: tuple[Source, ...]
    holder: str
    nats_url: str = ""
    nats_port: int = 4222
    nats_user: str = "trellis"
    nats_password: str = field(default="", repr=False)
    nats_replicas: int = 1
    nats_ca: Path | None = None
    nats_certificate: Path | None = None
    nats_key: Path | None = None
    lease_s: float = 5.0
    rollover_s: float = 23 * 3600.0
    overlap_s: float = 5.0
    mark_s: float = 1.0
    book_s: float = 60.0
    record_hours: float = 72.0
    record_mb: int = 4096
    held_events: int = 500_000
    status_host: str = "127.0.0.1"
    status_port: int = 8790

    @property
    def folder(self) -> Path:
        return self.data.absolute() / "feeds"

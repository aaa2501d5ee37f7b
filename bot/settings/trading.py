"""What can be set of market data, of trading environments and of their secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator


class FeedSourceSettings(BaseModel):
    """An exchange and its markets under a name. `instruments`: those that environments may ask for, () for all that it lists.

    Other addresses than the exchange's own are for tests and proxies.
    """

    model_config = {"extra": "forbid"}

    exchange: Literal["binance", "bybit"]
    markets: tuple[Literal["spot", "perpetual"], ...] = ("spot", "perpetual")
    sandbox: bool = True
    instruments: tuple[str, ...] = ()
    ws_url: str = ""
    rest_url: str = ""


class FeedsSettings(BaseModel):
    """The market-data multiplexer; without `nats_url` with its own NATS server, on `nats_port`. A source's name is a word of subjects.

    `nats_replicas`: how many servers of a cluster keep the recording and the interest. Addresses with `tls://` are spoken with in TLS:
    `nats_ca` is who signs their certificates; `nats_certificate` and `nats_key` are ours where NATS wants one.
    """

    model_config = {"extra": "forbid"}

    nats_url: str = ""
    nats_port: int = Field(default=4222, ge=1, le=65535)
    nats_user: str = "trellis"
    nats_password: SecretStr = SecretStr("")
    nats_replicas: int = Field(default=1, ge=1, le=5)
    nats_ca: Path | None = None
    nats_certificate: Path | None = None
    nats_key: Path | None = None
    status_host: str = "127.0.0.1"
    status_port: int = Field(default=8790, ge=1, le=65535)
    lease_s: float = Field(default=5, ge=0.2)
    rollover_hours: float = Field(default=23, gt=0)
    record_hours: float = Field(default=72, gt=0)
    record_mb: int = Field(default=4096, ge=64)
    sources: dict[str, FeedSourceSettings] = Field(
        default_factory=lambda: {"binance": FeedSourceSettings(exchange="binance"), "bybit": FeedSourceSettings(exchange="bybit")}
    )

    @model_validator(mode="after")
    def _is_encrypted_or_not(self) -> Self:
        schemes = {url.partition("://")[0] for url in self.nats_url.split(",")}
        if "tls" in schemes and len(schemes) > 1:
            raise ValueError("nats_url: all addresses begin with tls:// or none: a client would fall back to the others")
        if (self.nats_ca or self.nats_certificate or self.nats_key) and schemes != {"tls"}:
            raise ValueError("nats_ca, nats_certificate and nats_key are for a nats_url that begins with tls://")
        if self.nats_key and not self.nats_certificate:
            raise ValueError("nats_key is the key of a nats_certificate, which is not there")
        return self


class TradingSettings(BaseModel):
    """The most risk that a trading environment may ask for; `max_order_rate` is orders a second.

    `sandbox_hosts`: hosts besides the exchanges' own test networks that are sandboxes too, by the operator's word.
    """

    model_config = {"extra": "forbid"}

    max_position_usd: float = Field(default=1_000_000, gt=0)
    max_drawdown_pct: float = Field(default=20, gt=0, le=100)
    max_order_rate: float = Field(default=50, gt=0)
    sandbox_hosts: tuple[str, ...] = ()


class VaultSettings(BaseModel):
    """Where secrets of trading environments are kept: in AWS or in sealed files, by `key` (32 bytes in base64) or one made there.

    `production`: paths that must be refused, tried each hour. Each process asks AWS `per_minute` times at most; more than `alarm_per_hour`
    is told of, as is a wall that does not hold: in `alarm_channel`, a Slack channel's id. An answer is remembered for `remembered_s`.
    """

    model_config = {"extra": "forbid"}

    kind: Literal["files", "aws"] = "files"
    key: SecretStr = SecretStr("")
    region: str = ""
    endpoint_url: str = ""
    production: tuple[str, ...] = ("/prod/trellis-canary",)
    per_minute: int = Field(default=60, ge=1)
    alarm_channel: str = Field(default="", pattern=r"^([CG][A-Z0-9]{2,})?$")
    alarm_per_hour: int = Field(default=600, ge=1)
    remembered_s: float = Field(default=300, ge=0)

    @field_validator("production")
    @classmethod
    def _is_tried(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not paths:
            raise ValueError("at least one path of production is to be tried")
        return paths

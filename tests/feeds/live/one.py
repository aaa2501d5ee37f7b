"""A multiplexer as a process of its own, for tests that kill it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from feeds.instruments import Market
from feeds.multiplexer import Multiplexer
from feeds.server import free_port
from feeds.settings import FeedsSettings, Source

if __name__ == "__main__":
    url, password, name, ws_url, rest_url, lease_s, folder = sys.argv[1:]
    settings = FeedsSettings(
        data=Path(folder) / name,
        sources=(Source("binance", "binance", Market.SPOT, ws_url=ws_url, rest_url=rest_url),),
        holder=f"pid-{os.getpid()}",
        nats_url=url,
        nats_password=password,
        lease_s=float(lease_s),
        mark_s=0.2,
        record_mb=256,
        record_hours=1,
        status_port=free_port(),
    )
    asyncio.run(Multiplexer(settings).run())

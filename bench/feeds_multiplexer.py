"""The product's own multiplexer, a process of its own. Arguments: a folder, NATS' address and password, the exchange's port.

Prints `ready`, and once it is subscribed to what is wanted, `following`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from feeds.collecting import leave_alone_what_lasts
from feeds.instruments import Market
from feeds.multiplexer import Multiplexer
from feeds.settings import FeedsSettings, Source
from processes import free_port

_LOOK_S = 0.02


async def main(folder: str, url: str, password: str, port: str) -> None:
    source = Source("binance", "binance", Market.SPOT, ws_url=f"ws://127.0.0.1:{port}/stream", rest_url=f"http://127.0.0.1:{port}")
    settings = FeedsSettings(
        Path(folder), (source,), f"bench-{os.getpid()}", nats_url=url, nats_password=password, record_mb=512, status_port=free_port()
    )
    leave_alone_what_lasts()
    multiplexer = Multiplexer(settings)
    running = asyncio.create_task(multiplexer.run())
    print("ready", flush=True)
    while not any(session.is_live and session.tracks for session in multiplexer.sessions.values()):
        if running.done():
            running.result()
        await asyncio.sleep(_LOOK_S)
    print("following", flush=True)
    await running


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""An exchange for the bench, a process of its own: it speaks as Binance does, and trades when it is told to.

Prints its port; reads lines `COUNT RATE` (trades, and how many a second, 0 for as many as go). Each trade's price is the moment it was
sent, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import sys
import time

import msgspec
from aiohttp import WSMsgType, web

_BOOK = {"lastUpdateId": 1, "bids": [["1.0", "1"]], "asks": [["2.0", "1"]]}
_SLICE_S = 0.005


class Exchange:
    def __init__(self) -> None:
        self._links: set[web.WebSocketResponse] = set()
        self._id = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        link = web.WebSocketResponse(compress=False)
        await link.prepare(request)
        async for message in link:
            if message.type is WSMsgType.TEXT:
                said = msgspec.json.decode(message.data)
                await link.send_str(msgspec.json.encode({"result": None, "id": said["id"]}).decode())
                self._links.add(link)
        self._links.discard(link)
        return link

    async def trade(self, count: int, rate: int) -> None:
        began, sent = time.monotonic(), 0
        while sent < count:
            due = count if not rate else min(count, int((time.monotonic() - began) * rate) + 1)
            for _ in range(due - sent):
                await self._one()
            sent = due
            if sent < count:
                await asyncio.sleep(_SLICE_S)

    async def _one(self) -> None:
        self._id += 1
        price = str(time.monotonic_ns())
        data = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": self._id, "p": price, "q": "0.10", "T": 1, "m": True, "M": True}
        text = msgspec.json.encode({"stream": "btcusdt@trade", "data": data}).decode()
        for link in tuple(self._links):
            await link.send_str(text)


async def book(request: web.Request) -> web.Response:
    del request
    return web.json_response(_BOOK)


async def main() -> None:
    exchange, app = Exchange(), web.Application()
    app.router.add_get("/stream", exchange.serve)
    app.router.add_get("/{path:.*}", book)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        count, rate = map(int, line.split())
        await exchange.trade(count, rate)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())

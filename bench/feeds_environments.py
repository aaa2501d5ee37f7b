"""Environments for the bench, a process of their own: they listen to the feeds, to bare NATS, or each to the exchange itself.

Arguments: HOW, COUNT, the address, and for the feeds one password for each. Prints `ready`; then, for each line `COUNT` that it reads and
once all of them heard so many more trades, the seconds from the first one sent to the last one heard, and the latencies' p50 and p99.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence

import aiohttp
import msgspec
import nats

from bench.feeds_bare import SUBJECT, SUBSCRIBE, Frame, Told
from bench.figures import p50, p99
from feeds.events import Trade
from feeds.listener import Listener

_FRAME = msgspec.json.Decoder(Frame)
_TOLD = msgspec.json.Decoder(Told)


class Ears:
    """What all environments heard: when each trade was sent, and how long it took."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._left = 0
        self._sent: list[int] = []
        self._took: list[int] = []
        self._done = asyncio.Event()

    def expect(self, trades: int) -> None:
        self._left, self._sent, self._took = trades * self._count, [], []
        self._done.clear()

    def heard(self, price: str) -> None:
        sent = int(price)
        self._sent.append(sent)
        self._took.append(time.monotonic_ns() - sent)
        self._left -= 1
        if self._left <= 0:
            self._done.set()

    async def figures(self) -> dict[str, float]:
        await self._done.wait()
        took_s = (time.monotonic_ns() - min(self._sent)) / 1e9
        return {"took_s": took_s, "p50_ms": p50(self._took) / 1e6, "p99_ms": p99(self._took) / 1e6}


async def fed(url: str, number: int, password: str) -> AsyncIterator[str]:
    async with Listener(url, f"e{number}", password, ["market.data.binance.spot.BTCUSDT.>"]) as listener:
        yield ""
        async for heard in listener:
            if isinstance(heard.event, Trade):
                yield heard.event.price


async def bare(url: str) -> AsyncIterator[str]:
    client = await nats.connect(url)
    subscription = await client.subscribe(SUBJECT)
    await client.flush()
    yield ""
    async for message in subscription.messages:
        yield _TOLD.decode(message.data).price


async def alone(url: str) -> AsyncIterator[str]:
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as link:
        await link.send_str(SUBSCRIBE.decode())
        await link.receive()
        yield ""
        async for message in link:
            yield _FRAME.decode(message.data).data.p


async def main(how: str, count: int, url: str, passwords: Sequence[str]) -> None:
    ears, ready = Ears(count), asyncio.Semaphore(0)

    async def listen(told: AsyncIterator[str]) -> None:
        async for price in told:
            if price:
                ears.heard(price)
            else:
                ready.release()

    def prices(number: int) -> AsyncIterator[str]:
        if how == "fed":
            return fed(url, number, passwords[number])
        return bare(url) if how == "bare" else alone(url)

    tasks = [asyncio.create_task(listen(prices(number))) for number in range(count)]
    for _ in range(count):
        await ready.acquire()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        ears.expect(int(line))
        print("expecting", flush=True)
        print(msgspec.json.encode(await ears.figures()).decode(), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))

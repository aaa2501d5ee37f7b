"""What stands beside the feeds: one connection to the exchange, whose trades are decoded and published, each in a message."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import msgspec
import nats

SUBJECT = "bare.trade"
SUBSCRIBE = b'{"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1}'


class Data(msgspec.Struct):
    s: str
    t: int
    p: str
    q: str
    m: bool
    T: int


class Frame(msgspec.Struct):
    stream: str
    data: Data


class Told(msgspec.Struct):
    id: int
    price: str
    size: str
    side: str
    time: int


async def main(exchange: str, url: str) -> None:
    client = await nats.connect(url)
    decode, encode = msgspec.json.Decoder(Frame).decode, msgspec.json.Encoder().encode
    async with aiohttp.ClientSession() as session, session.ws_connect(exchange) as link:
        await link.send_str(SUBSCRIBE.decode())
        await link.receive()
        print("ready", flush=True)
        async for message in link:
            said = decode(message.data).data
            await client.publish(SUBJECT, encode(Told(said.t, said.p, said.q, "sell" if said.m else "buy", said.T)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

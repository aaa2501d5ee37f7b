"""What was published before: the newest of each stream, for whoever takes over; and all of a time, for replays."""

from __future__ import annotations

from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from feeds.events import Batch, Kind, Stream, decode
from feeds.house import RECORDING
from feeds.instrument_tracks import Before, before_of
from feeds.publisher import Publisher
from feeds.settings import Source


async def newest(jetstream: JetStreamContext, stream: Stream) -> Batch | None:
    """The last message of a stream."""
    try:
        message = await jetstream.get_last_msg(RECORDING, stream.subject())
    except NotFoundError:
        return None
    return decode(message.data) if message.data else None


async def before(jetstream: JetStreamContext, publisher: Publisher, source: Source, instrument: str) -> Before:
    """What was published of an instrument; the publisher numbers on from there."""
    events = []
    for kind in Kind:
        stream = Stream(source.name, source.market, instrument, kind)
        if batch := await newest(jetstream, stream):
            publisher.begin_after(stream, batch.last)
            events.append(batch.events)
    return before_of(events)

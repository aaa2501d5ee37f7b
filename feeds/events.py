"""What is published: events in batches, numbered for each subject, so that whoever misses one can say which.

Prices and sizes are the exchange's own decimals, as text. `at` and `since` are nanoseconds of the multiplexer's clock, `time` is
milliseconds of the exchange's (0 where it says none).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

Level = tuple[str, str]


class Kind(StrEnum):
    """The last word of a subject."""

    TRADE = "trade"
    DEPTH = "depth"
    QUOTE = "quote"
    MARK = "mark"


class Reason(StrEnum):
    """Why there is a gap."""

    SEQUENCE = "sequence"  # the exchange's own numbers jumped
    DISCONNECTED = "disconnected"  # no connection stood, and what was said meanwhile has no numbers
    RESTARTED = "restarted"  # the exchange began to count anew
    TAKEOVER = "takeover"  # another multiplexer took over
    NOT_RECORDED = "not_recorded"  # in a replay: the recording itself has a hole


class Event(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    """Any of those below."""

    at: int


class Trade(Event, frozen=True, tag="trade"):
    """`side` is the taker's."""

    id: str
    price: str
    size: str
    side: str
    time: int = 0


class Quote(Event, frozen=True, tag="quote"):
    """The best bid and ask; "" where that side is empty."""

    id: int
    bid: str
    bid_size: str
    ask: str
    ask_size: str
    time: int = 0


class Change(Event, frozen=True, tag="change"):
    """Updates `first` to `last` of a book; size zero takes a level away."""

    first: int
    last: int
    bids: list[Level]
    asks: list[Level]
    time: int = 0


class Book(Event, frozen=True, tag="book"):
    """A whole book as of update `last`, best levels first. It takes the place of whatever was known."""

    last: int
    bids: list[Level]
    asks: list[Level]
    time: int = 0


class Gap(Event, frozen=True, tag="gap"):
    """What was lost before the next event of this subject: ids `first` to `last`, or what came since a moment where ids cannot say."""

    reason: Reason
    first: str = ""
    last: str = ""
    since: int = 0


class Mark(Event, frozen=True, tag="mark"):
    """The numbers reached, told every so often, so that a loss at the end is seen too. `is_live`: a connection to the exchange stands."""

    is_live: bool
    reached: dict[str, int]


Anything = Trade | Quote | Change | Book | Gap | Mark


class Batch(msgspec.Struct, frozen=True):
    """One message. Its events are numbered `n`, `n` + 1, … in their subject. Of two publishers the one with the higher epoch is right."""

    epoch: int
    n: int
    events: list[Anything]

    @property
    def last(self) -> int:
        return self.n + len(self.events) - 1


class Stream(NamedTuple):
    """What one instrument says of one kind."""

    source: str
    market: str
    instrument: str
    kind: str

    def subject(self, prefix: str = "market.data") -> str:
        return f"{prefix}.{self.source}.{self.market}.{self.instrument}.{self.kind}"

    @classmethod
    def of(cls, subject: str) -> Stream:
        """The stream of a subject, live or replayed."""
        return cls(*subject.split(".")[-4:])


_decoder = msgspec.json.Decoder(Batch)
encode = msgspec.json.Encoder().encode


def decode(payload: bytes) -> Batch:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(payload)

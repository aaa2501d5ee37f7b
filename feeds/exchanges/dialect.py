"""The port to an exchange's way of speaking, and what may be heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Protocol

from msgspec import Meta

from feeds.events import Book, Change, Quote, Trade

Json = dict[str, Any]
Decimal = Annotated[str, Meta(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?$")]
"""An exchange's price or size."""
Rows = list[tuple[Decimal, Decimal]]


class Malformed(ValueError):  # noqa: N818 - the text says what
    """A message that is not as the exchange describes it."""


class Traded(NamedTuple):
    instrument: str
    trades: Sequence[Trade]


class Quoted(NamedTuple):
    instrument: str
    quote: Quote
    is_restart: bool = False


class Changed(NamedTuple):
    instrument: str
    change: Change


class Whole(NamedTuple):
    instrument: str
    book: Book
    is_restart: bool = False


class Answered(NamedTuple):
    """The exchange's answer to the request of that id; `problem` is its word when it refused."""

    id: str
    problem: str = ""


class Leaving(NamedTuple):
    """The exchange will soon close this connection."""


class Pong(NamedTuple):
    pass


Said = Traded | Quoted | Changed | Whole
Heard = Said | Answered | Leaving | Pong


class Asking(Protocol):
    """How the whole book is asked for, where it does not come with the subscription."""

    async def ask(self, exchange: Any, instrument: str) -> Json:
        """The answer of the exchange's REST interface, through ccxt's exchange."""

    def read(self, answer: Json, at: int) -> Book:
        """Raises Malformed."""


class Dialect(Protocol):
    """`has_numbered_trades`: trade ids count up by one. `topics_in_one`: so many fit one request."""

    has_numbered_trades: bool
    topics_in_one: int
    asking: Asking | None

    async def listed(self, exchange: Any) -> list[str]:
        """All that can be heard of this market now, asked of the exchange's REST interface through ccxt's exchange. Raises Malformed."""

    def address(self, urls: Json) -> str:
        """The websocket's address, of ccxt's table of them."""

    def topics(self, instrument: str) -> tuple[str, ...]:
        """Of trades, changes of the book, and the best bid and ask."""

    def depth_topic(self, instrument: str) -> str:
        """The one of the changes of the book."""

    def request(self, id: int, topics: Sequence[str], *, is_more: bool) -> Json:
        """The message that subscribes, or unsubscribes."""

    def hear(self, message: Any, at: int) -> list[Heard]:
        """Raises Malformed. What is of no concern gives nothing."""

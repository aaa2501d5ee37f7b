"""What live environments ask for, in NATS KV: whoever makes an environment puts its interest, whoever ends it takes it away."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec
import structlog
from nats.js.client import JetStreamContext
from nats.js.errors import KeyNotFoundError, NoKeysError
from nats.js.kv import KeyValue

from feeds.instruments import SOURCE, Market, token

_log = structlog.get_logger()
BUCKET = "feeds_interest"
_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Mode(StrEnum):
    LIVE = "live"
    REPLAY = "replay"
    BOTH = "both"


class Wanted(msgspec.Struct, frozen=True, order=True):
    """An instrument of a source, as its token."""

    source: str
    market: Market
    instrument: str

    def __post_init__(self) -> None:
        if not SOURCE.fullmatch(self.source) or token(self.instrument) != self.instrument:
            raise ValueError("no source or instrument")


class Replay(msgspec.Struct, frozen=True):
    """From `start` to before `end`, nanoseconds; `speed` 2: twice as fast, 0: as fast as it goes."""

    start: int
    end: int
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.start < self.end or self.speed < 0:
            raise ValueError("a replay needs a start before its end, and no negative speed")


class Interest(msgspec.Struct, frozen=True):
    """One environment's. `password_hash` (bcrypt) is of the password that it signs in to NATS with, its name being the user."""

    wanted: tuple[Wanted, ...]
    mode: Mode = Mode.LIVE
    replay: Replay | None = None
    password_hash: str = ""

    def __post_init__(self) -> None:
        if self.mode is not Mode.LIVE and self.replay is None:
            raise ValueError("a replay needs its start and end")

    @property
    def is_live(self) -> bool:
        return self.mode is not Mode.REPLAY


def is_environment(name: str) -> bool:
    """Whether it can be a word of a subject and a user of NATS."""
    return bool(_ENVIRONMENT.fullmatch(name))


class Interests:
    """The bucket. Reading looks at one number, and at the rest only when that has changed."""

    def __init__(self, jetstream: JetStreamContext, bucket: KeyValue) -> None:
        self._jetstream, self._bucket = jetstream, bucket
        self._seen = -1  # so that the first look reads
        self.all: dict[str, Interest] = {}

    def another(self) -> Interests:
        """The same bucket, looked at by somebody else."""
        return Interests(self._jetstream, self._bucket)

    async def put(self, environment: str, interest: Interest) -> None:
        """Raises ValueError for a name that can be none."""
        if not is_environment(environment):
            raise ValueError(f"{environment!r} cannot be an environment")
        await self._bucket.put(environment, msgspec.json.encode(interest))

    async def remove(self, environment: str) -> None:
        await self._bucket.delete(environment)

    async def has_changed(self) -> bool:
        """Look; whether `all` is another than before."""
        info = await self._jetstream.stream_info(f"KV_{BUCKET}")
        if info.state.last_seq == self._seen:
            return False
        found = await self._read()
        self._seen = info.state.last_seq
        before, self.all = self.all, found
        return found != before

    async def _read(self) -> dict[str, Interest]:
        try:
            names = await self._bucket.keys()
        except NoKeysError:
            return {}
        found = {}
        for name in sorted(names):
            try:
                entry = await self._bucket.get(name)
                if is_environment(name):
                    found[name] = msgspec.json.decode(entry.value or b"", type=Interest)
            except KeyNotFoundError:
                continue  # taken away meanwhile
            except msgspec.DecodeError as problem:
                _log.warning("feeds_interest_unreadable", environment=name, problem=str(problem))
        return found


def union(interests: dict[str, Interest]) -> dict[tuple[str, str], frozenset[str]]:
    """The instruments that are wanted live, by source and market."""
    found: dict[tuple[str, str], set[str]] = {}
    for interest in interests.values():
        for wanted in interest.wanted if interest.is_live else ():
            found.setdefault((wanted.source, wanted.market), set()).add(wanted.instrument)
    return {key: frozenset(instruments) for key, instruments in found.items()}

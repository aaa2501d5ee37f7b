"""What live environments ask for, in NATS KV: whoever makes an environment puts its interest, whoever ends it takes it away."""

from __future__ import annotations

import msgspec
import structlog
from nats.js.client import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from feeds.interest import Interest, is_environment

_log = structlog.get_logger()
BUCKET = "feeds_interest"


class Interests:
    """The bucket. Reading looks at two numbers, and at the rest only when one of them has changed."""

    def __init__(self, jetstream: JetStreamContext, bucket: KeyValue) -> None:
        self._jetstream, self._bucket = jetstream, bucket
        self._seen = (-1, -1)  # so that the first look reads
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
        """Nothing of it stays, not even a mark that it was there. That there is none is success."""
        await self._jetstream.purge_stream(f"KV_{BUCKET}", subject=f"$KV.{BUCKET}.{environment}")

    async def has_changed(self) -> bool:
        """Look; whether `all` is another than before."""
        info = await self._jetstream.stream_info(f"KV_{BUCKET}")
        seen = (info.state.last_seq, info.state.messages)  # what is put adds to the first, what is taken away is missing from the second
        if seen == self._seen:
            return False
        found = await self._read()
        self._seen = seen
        before, self.all = self.all, found
        return found != before

    async def _read(self) -> dict[str, Interest]:
        found = {}
        for name in sorted(filter(is_environment, await self._names())):
            try:
                entry = await self._bucket.get(name)
                found[name] = msgspec.json.decode(entry.value or b"", type=Interest)
            except KeyNotFoundError:
                continue  # taken away
            except msgspec.DecodeError as problem:
                _log.warning("feeds_interest_unreadable", environment=name, problem=str(problem))
        return found

    async def _names(self) -> list[str]:
        """In one answer: `keys()` gives what came until its watch ended, and NATS going away ends it too."""
        info = await self._jetstream.stream_info(f"KV_{BUCKET}", subjects_filter=">")
        return [subject.rpartition(".")[2] for subject in info.state.subjects or {}]

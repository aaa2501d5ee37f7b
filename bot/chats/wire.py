"""What the adapters share when they read a delivery: typed decoding, dates, refs and the comparing of secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from bot.domain.message import Dialect, Person, Refused, Said, Thread

T = TypeVar("T")

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]  # as wide as a column of SQL

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NOT_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")  # git-check-ref-format(1)


class Wire(msgspec.Struct, gc=False):
    """The few fields we read of something sent to us; all others are skipped unread."""


class Anything(Wire):
    """An object of which nothing is read."""


def decode(decoder: msgspec.json.Decoder[T], body: bytes | str) -> T:
    """Read JSON. Raises Refused (400) for whatever is not that."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(400, f"the body does not fit its event: {error}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None


def needed(value: T | None, name: str) -> T:
    """The value, or Refused (400) when the body goes without it."""
    if value is None:
        raise Refused(400, f"the body does not fit its event: no {name}")
    return value


def same(given: str, expected: str) -> bool:
    """Compare what was sent with a secret in constant time, whatever was sent.

    A server gives the bytes of a header as latin-1 characters; whoever reads them as UTF-8 is understood as well.
    """
    secret = expected.encode("utf-8", "replace")
    is_bytes_same = hmac.compare_digest(given.encode("latin-1", "replace"), secret)
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret) or is_bytes_same


def clean(text: str | None) -> str:
    """The text as it can be stored: no database holds a NUL character."""
    return (text or "").replace("\0", "\ufffd")


def branch(name: str | None) -> str:
    """The full ref of a branch, from its short name."""
    ref = f"refs/heads/{needed(name, 'branch')}"
    if not name or _NOT_IN_REF.search(ref):
        raise Refused(400, "the body does not fit its event: not a branch")
    return ref


def full_ref(ref: str) -> str | None:
    """The ref when it is a branch's; None for tags and all others."""
    return branch(ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else None


def sha(value: str | None) -> str:
    if not _SHA.fullmatch(needed(value, "commit")):
        raise Refused(400, "the body does not fit its event: not a commit")
    return str(value)


def opening(key: str, person: Person, thread: Thread, project: str, number: int) -> Said:
    """What the author of a request would say for an environment. It has no message to sign."""
    return Said(key, person, thread, "/ivy create", "", Dialect.LINE, project, number)


def is_zeros(value: str | None) -> bool:
    """Whether this is how Git says 'no commit'."""
    return bool(value) and not str(value).strip("0")


def seconds(date: str | None) -> float | None:
    """Read `2017-09-15T16:50:55Z` or `2017-09-15 16:50:55 UTC`; None when it is neither."""
    try:
        moment = datetime.fromisoformat((date or "").replace(" UTC", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def iso(at: float) -> str:
    """Seconds since the epoch as both forges take them in a query."""
    return datetime.fromtimestamp(max(at, 0.0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(*parts: str | bytes | None) -> str:
    """A short name for content."""
    whole = hashlib.blake2b(digest_size=12)
    for part in parts:
        data = part if isinstance(part, bytes) else (part or "").encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()

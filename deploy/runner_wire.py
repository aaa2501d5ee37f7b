"""What goes over the socket of whoever runs deploy.py on a host: an Ask comes in, an Answer goes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from deploy.runner import CannotRun, Job, Observed, OtherJob, Rights, RunnerUnavailable

_T = TypeVar("_T")


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every POST; each act reads what it needs."""

    id: str = ""
    job: Job | None = None
    rights: Rights = Rights()
    seen: int = 0
    within_s: float = 0.0


class Refused(msgspec.Struct, frozen=True):
    """`error` is one of ERRORS."""

    error: str
    message: str


class Health(msgspec.Struct, frozen=True):
    """`problems` empty: things can be deployed here. `sandbox` says what shields this machine from a deploy.py."""

    problems: tuple[str, ...]
    runs: int
    programs: int
    sandbox: str


ERRORS: Mapping[str, type[Exception]] = {
    "other_job": OtherJob,
    "cannot_run": CannotRun,
    "bad_id": ValueError,
    "unavailable": RunnerUnavailable,
}


def refused(error: Exception) -> Refused:
    """An error as it goes over the socket. Anything unknown is raised again."""
    for name, kind in ERRORS.items():
        if isinstance(error, kind):
            return Refused(name, str(error))
    raise error


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=_text)


def decoded(data: bytes, kind: type[_T]) -> _T:
    """Raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=kind, dec_hook=_path)


def observed_of(data: bytes) -> Observed:
    return decoded(data, Observed)


def _text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind.__name__)

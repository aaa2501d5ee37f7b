"""Artifacts as files on this host: fetched from where they lie, checked by digest, kept by digest."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp

MOST_BYTES = 4 * 2**30
_CHUNK = 2**20
_REDIRECTS = 5
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


class NotFetched(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It cannot be had, and asking again will not help; `code` is stable."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class NotFetchedNow(Exception):  # noqa: N818 - a sentence, as the ports have them
    """It cannot be had just now: ask again later."""


class Source(Protocol):
    """Where artifacts lie."""

    def has(self, address: str) -> bool:
        """Whether addresses of this form are its own."""

    def read(self, address: str) -> AsyncIterator[bytes]:
        """The bytes, in pieces. Raises NotFetched or NotFetchedNow."""


class Artifacts:
    """`folder/<sha256>` is whole and checked, or is not there."""

    def __init__(self, folder: Path, sources: Iterable[Source], most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._sources = tuple(sources)
        self._most_bytes = most_bytes
        self._locks: dict[str, asyncio.Lock] = {}

    async def file(self, sha256: str, address: str) -> Path:
        """The artifact's file, fetched once however many ask. Raises NotFetched, NotFetchedNow."""
        path = self._folder / sha256
        lock = self._locks.setdefault(sha256, asyncio.Lock())
        try:
            async with lock:
                if not await asyncio.to_thread(path.exists):
                    await self._fetch(sha256, address, path)
        finally:
            if not lock.locked():
                self._locks.pop(sha256, None)
        return path

    async def _fetch(self, sha256: str, address: str, path: Path) -> None:
        source = next((each for each in self._sources if each.has(address)), None)
        if source is None:
            raise NotFetched(f"Nothing here can fetch from {shown(address)}.", "no_source")
        part = path.with_name(f"{sha256}.{secrets.token_hex(4)}.part")
        try:
            found = await self._written(source, address, part)
            if found != sha256:
                raise NotFetched(
                    f"What lies at {shown(address)} has the digest {found[:12]}…, not {sha256[:12]}…: it was changed.", "wrong_digest"
                )
            await asyncio.to_thread(os.replace, part, path)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)

    async def _written(self, source: Source, address: str, part: Path) -> str:
        """The digest of what was written."""
        digest, size = hashlib.sha256(), 0
        await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
        with await asyncio.to_thread(part.open, "xb") as file:
            async for chunk in source.read(address):
                size += len(chunk)
                if size > self._most_bytes:
                    raise NotFetched(f"What lies at {shown(address)} is larger than {self._most_bytes} bytes.", "too_large")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        return digest.hexdigest()


def shown(address: str) -> str:
    """An address as people may read it: without a password, without a signature in its query."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="…" if parts.query else "", fragment="").geturl()


class Folder:
    """`file://` addresses below one folder of this host; nothing outside of it, by links neither."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def has(self, address: str) -> bool:
        return urlsplit(address).scheme == "file"

    def holds(self, address: str) -> bool:
        """Whether it leads to somewhere in that folder."""
        parts = urlsplit(address)
        return parts.netloc in {"", "localhost"} and Path(unquote(parts.path)).resolve().is_relative_to(self._root)

    async def read(self, address: str) -> AsyncIterator[bytes]:
        path = await asyncio.to_thread(Path(unquote(urlsplit(address).path)).resolve)
        if not await asyncio.to_thread(self.holds, address):
            raise NotFetched(f"{shown(address)} is not in the folder that artifacts are taken from.", "not_here")
        try:
            with await asyncio.to_thread(path.open, "rb") as file:
                while chunk := await asyncio.to_thread(file.read, _CHUNK):
                    yield chunk
        except OSError as error:
            raise NotFetched(f"{shown(address)} cannot be read: {error.strerror}.", "not_there") from error


class Http:
    """`https://` addresses, and `http://` ones where `plain` says so. `headers` by the beginning of addresses, like an Artifactory's token.

    Credentials go to addresses with that beginning only, whatever a server redirects to.
    """

    def __init__(self, headers: Mapping[str, Mapping[str, str]], *, plain: bool = False, timeout_s: float = 60) -> None:
        self._headers = headers
        self._schemes = {"https", "http"} if plain else {"https"}
        self._timeout = aiohttp.ClientTimeout(total=None, connect=timeout_s, sock_read=timeout_s)

    def has(self, address: str) -> bool:
        return urlsplit(address).scheme in self._schemes

    async def read(self, address: str) -> AsyncIterator[bytes]:
        async for chunk in self.read_with({}, address):
            yield chunk

    async def read_with(self, said: dict[str, str], address: str) -> AsyncIterator[bytes]:
        """The same; `said` gets the headers, in small letters: of the first answer, then what those it leads to add."""
        try:
            async with aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False) as session:
                at = address
                for _ in range(_REDIRECTS + 1):
                    async with session.get(at, headers=self._headers_of(at), allow_redirects=False) as answer:
                        for name, value in answer.headers.items():
                            said.setdefault(name.lower(), value)
                        if answer.status in {301, 302, 303, 307, 308}:
                            at = self._next(at, answer.headers.get("location", ""))
                            continue
                        check_status(address, answer.status)
                        async for chunk in answer.content.iter_chunked(_CHUNK):
                            yield chunk
                        return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotFetchedNow(f"{shown(address)} does not answer: {type(error).__name__}.") from error
        raise NotFetched(f"{shown(address)} leads from one address to the next without end.", "redirects")

    def _headers_of(self, address: str) -> dict[str, str]:
        ours = {"accept-encoding": "identity"}
        for beginning, headers in self._headers.items():
            if address.startswith(beginning.rstrip("/") + "/"):
                ours |= headers
        return ours

    def _next(self, at: str, location: str) -> str:
        to = urljoin(at, location)
        if not location or not self.has(to):
            raise NotFetched(f"{shown(at)} leads to an address that is not fetched from: {shown(to)}.", "redirects")
        return to


def check_status(address: str, status: int) -> None:
    if status in _LATER:
        raise NotFetchedNow(f"{shown(address)} answers {status}: it is asked again.")
    if status in {401, 403}:
        raise NotFetched(f"{shown(address)} answers {status}: the credentials for it are missing or not enough.", "not_allowed")
    if status != 200:
        raise NotFetched(f"{shown(address)} answers {status}.", "not_there")


async def forget_old(folder: Path, keep: Iterable[str]) -> int:
    """Remove what is not in `keep`, half-written files of those who died included. How many."""
    kept = set(keep)

    def remove() -> int:
        gone = 0
        for path in folder.iterdir() if folder.exists() else ():
            if path.name not in kept:
                with suppress(OSError):
                    path.unlink()
                    gone += 1
        return gone

    return await asyncio.to_thread(remove)

"""Artifacts are fetched once, whole and as they were registered, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from deploy.artifacts import Artifacts, Folder, Http, NotFetched, NotFetchedNow, forget_old, shown

DATA = b"the program" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@dataclass
class Shelf:
    """A server with files."""

    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and the token that was shown."""
    answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("x-token", "")))
        return await self.answers[request.path](request)

    def has(self, path: str, data: bytes = DATA, status: int = 200, **headers: str) -> str:
        async def give(_: web.Request) -> web.StreamResponse:
            return web.Response(body=data, status=status, headers=headers)

        self.answers[path] = give
        return f"{self.address}{path}"


@asynccontextmanager
async def a_shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", shelf.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shelf.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shelf
    finally:
        await runner.cleanup()


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    async with a_shelf() as one:
        yield one


@pytest.fixture
def artifacts(tmp_path: Path, shelf: Shelf) -> Artifacts:
    headers = {f"{shelf.address}/private": {"x-token": "canary"}}
    return Artifacts(tmp_path / "kept", [Folder(tmp_path / "shelf"), Http(headers, plain=True)], most_bytes=100_000)


async def refused(artifacts: Artifacts, address: str, code: str, tmp_path: Path, sha256: str = SHA) -> str:
    with pytest.raises(NotFetched) as error:
        await artifacts.file(sha256, address)
    assert error.value.code == code
    assert not list((tmp_path / "kept").glob("*")), "nothing is left"
    return str(error.value)


async def test_it_is_fetched_once_however_many_ask(artifacts: Artifacts, shelf: Shelf) -> None:
    address = shelf.has("/a")
    paths = await asyncio.gather(*(artifacts.file(SHA, address) for _ in range(10)))
    assert {path.read_bytes() for path in paths} == {DATA}
    assert shelf.asked == [("/a", "")]


async def test_what_was_changed_is_refused_and_not_kept(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    said = await refused(artifacts, shelf.has("/a", b"something else"), "wrong_digest", tmp_path)
    assert said.endswith(f"not {SHA[:12]}…: it was changed.")
    shelf.has("/a")
    assert (await artifacts.file(SHA, f"{shelf.address}/a")).read_bytes() == DATA


async def test_too_much_is_not_read_to_its_end(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    await refused(artifacts, shelf.has("/a", bytes(100_001)), "too_large", tmp_path)


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_there"), (410, "not_there"), (401, "not_allowed"), (403, "not_allowed"), (204, "not_there")]
)
async def test_what_is_not_there_is_said(artifacts: Artifacts, shelf: Shelf, tmp_path: Path, status: int, code: str) -> None:
    await refused(artifacts, shelf.has("/a", b"", status), code, tmp_path)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_is_not_there_now_may_be_later(artifacts: Artifacts, shelf: Shelf, status: int) -> None:
    address = shelf.has("/a", b"", status)
    with pytest.raises(NotFetchedNow):
        await artifacts.file(SHA, address)
    shelf.has("/a")
    assert (await artifacts.file(SHA, address)).read_bytes() == DATA


async def test_what_breaks_off_is_not_kept(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(len(DATA))})
        await response.prepare(request)
        await response.write(DATA[:500])
        assert request.transport is not None
        request.transport.close()
        return response

    shelf.answers["/a"] = half
    with pytest.raises(NotFetchedNow):
        await artifacts.file(SHA, f"{shelf.address}/a")
    assert not list((tmp_path / "kept").glob("*"))


async def test_whoever_fetches_and_is_cancelled_leaves_the_next_one_free(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        begun.set()
        await never.wait()
        return web.Response()

    shelf.answers["/a"] = slow
    first = asyncio.create_task(artifacts.file(SHA, f"{shelf.address}/a"))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    never.set()
    assert not list((tmp_path / "kept").glob("*"))
    assert (await artifacts.file(SHA, shelf.has("/a"))).read_bytes() == DATA


async def test_credentials_go_where_they_belong_and_nowhere_else(artifacts: Artifacts, shelf: Shelf) -> None:
    async with a_shelf() as elsewhere:
        elsewhere.has("/stolen")
        address = shelf.has("/private/a", b"", 302, location=f"{elsewhere.address}/stolen")
        await artifacts.file(SHA, address)
        assert (shelf.asked, elsewhere.asked) == ([("/private/a", "canary")], [("/stolen", "")])


async def test_a_beginning_is_whole_names(artifacts: Artifacts, shelf: Shelf) -> None:
    await artifacts.file(SHA, shelf.has("/privateer"))
    assert shelf.asked == [("/privateer", "")]


async def test_redirects_end(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    await refused(artifacts, shelf.has("/a", b"", 302, location="/a"), "redirects", tmp_path)
    assert len(shelf.asked) == 6
    await refused(artifacts, shelf.has("/b", b"", 302, location="file:///etc/passwd"), "redirects", tmp_path)


async def test_plain_http_is_for_whoever_says_so(tmp_path: Path, shelf: Shelf) -> None:
    await refused(Artifacts(tmp_path / "kept", [Http({})]), shelf.has("/a"), "no_source", tmp_path)


async def test_a_folder_gives_what_lies_in_it_and_nothing_else(artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf/a b").write_bytes(DATA)
    (tmp_path / "secret").write_bytes(DATA)
    (tmp_path / "shelf/link").symlink_to(tmp_path / "secret")
    for path in ("secret", "shelf/../secret", "shelf/link", "shelf/%2e%2e/secret"):
        await refused(artifacts, f"file://{tmp_path}/{path}", "not_here", tmp_path)
    await refused(artifacts, f"file://elsewhere{tmp_path}/shelf/a%20b", "not_here", tmp_path)
    await refused(artifacts, f"file://{tmp_path}/shelf/nothing", "not_there", tmp_path)
    assert (await artifacts.file(SHA, f"file://{tmp_path}/shelf/a%20b")).read_bytes() == DATA


async def test_what_is_kept_for_nobody_goes(artifacts: Artifacts, shelf: Shelf, tmp_path: Path) -> None:
    path = await artifacts.file(SHA, shelf.has("/a"))
    (tmp_path / "kept" / "old").write_bytes(b"")
    (tmp_path / "kept" / f"{SHA}.12ab.part").write_bytes(b"")
    assert await forget_old(tmp_path / "kept", [SHA]) == 2
    assert path.exists()


def test_an_address_is_shown_without_what_opens_it() -> None:
    secret = "user" + ":" + "word"
    assert shown(f"https://{secret}@store.example/a/b?X-Signature=abc#x") == "https://store.example/a/b?…"

"""`trellis up`: every part of the product as supervised children of one process, which dies with all of them or not at all."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TextIO

import aiohttp

from bot import embedded
from bot.app.markets import offer_of
from bot.app.people import policies_of
from bot.app.traces import check_traces
from bot.open import sign_in_link, whoami
from bot.settings import Settings, SettingsError
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.store import Store
from bot.up_sample import register_sample, sample_environment
from processes import Backoff, Exit, Order, Supervised

_READY_WITHIN_S = 90.0
_LOOK_S = 0.1
_STOP_GRACE_S = 10.0
_BACKOFF = Backoff(first_s=0.2, most_s=5.0, stable_s=20.0)


def _tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _only_one(data_dir: Path) -> TextIO:
    """Hold the data folder for this process. Raises SettingsError when another has it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (data_dir / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SettingsError(f"Trellis is running already on {data_dir}: stop that one, or set TRELLIS_DATA_DIR") from None
    return lock


def _must_be_free(host: str, port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise SettingsError(f"port {port} is taken: set {name} to a free one") from None


def _order(settings: Settings, name: str, argv: tuple[str, ...], env: dict[str, str]) -> Order:
    logs = (settings.data_dir / "logs").absolute()
    logs.mkdir(parents=True, exist_ok=True)
    mark = f"trellis-up-{os.getpid()}"
    return Order(argv, Path.cwd(), {**os.environ, **env}, logs / f"{name}.log", mark=mark, orphan_grace_s=3.0)


def _part(settings: Settings, name: str, argv: tuple[str, ...], env: dict[str, str]) -> Supervised:
    async def ended(exit_: Exit) -> None:
        _tell(f"{name} {exit_.sentence()}; it is started again (its log: {settings.data_dir / 'logs' / name}.log)")

    return Supervised(_order(settings, name, argv, env), on_exit=ended, backoff=_BACKOFF)


@asynccontextmanager
async def _running(part: Supervised) -> AsyncIterator[None]:
    await part.start()
    try:
        yield
    finally:
        await part.stop(_STOP_GRACE_S)


async def _until_ready(settings: Settings) -> None:
    """Raises SettingsError naming the part that is not well."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _READY_WITHIN_S
    parts = "nothing answers yet"
    async with aiohttp.ClientSession() as session:
        while loop.time() < until:
            try:
                async with session.get(f"http://127.0.0.1:{settings.port}/readyz") as answer:
                    if answer.status == 200:
                        return
                    said = await answer.json()
                    parts = "; ".join(f"{name}: {words}" for name, words in said["parts"].items() if words != "ok")
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(_LOOK_S)
    raise SettingsError(f"it did not come up within {_READY_WITHIN_S:.0f} s ({parts}): see the logs in {settings.data_dir / 'logs'}")


async def _way_in(settings: Settings) -> str:
    """Where the dashboard is; a link that signs in where there is no other way to."""
    return settings.public_url if settings.sign_in.oidc and settings.public_url else await sign_in_link(settings, whoami())


def _banner(settings: Settings, with_sample: bool, link: str) -> str:  # noqa: FBT001 - one place
    trellis = Path(sys.argv[0] if Path(sys.argv[0]).name == "trellis" else "trellis")
    shown = trellis.relative_to(Path.cwd()) if trellis.is_absolute() and trellis.is_relative_to(Path.cwd()) else trellis
    branch = "demo" if with_sample else "BRANCH"
    rows = [
        "Trellis runs. Ctrl-C stops all of it.",
        "",
        f"  dashboard  {link}",
        *(
            [f"             (signs you in, once and within {settings.sign_in.link_minutes:.0f} minutes; a new one: {shown} open)"]
            * ("/link/" in link)
        ),
        f"  webhooks   http://{settings.host}:{settings.port}/hooks/github · /hooks/gitlab · /hooks/slack",
        f"  addresses  http://<environment>.{settings.domain}:{settings.proxy_port}",
        f"  logs       {settings.data_dir / 'logs'}",
        "",
        "In another terminal, in this folder:",
        "",
        f'  {shown} say "/ivy create {branch}" --as dana --wait',
        *([f'  {shown} say "/sled deploy hello --to dev" --as dana --wait'] * with_sample),
        f"  {shown} chat --as dana",
        f"  {shown} doctor",
    ]
    if with_sample:
        rows += ["", f"The sample repository is {settings.data_dir / 'sample'}: commit to its branch demo, and the environment follows."]
    return "\n".join(rows)


async def up(settings: Settings, is_quiet: bool) -> int:  # noqa: FBT001 - an option of the command line
    """Run everything until cancelled. Raises SettingsError, in one line, for what stands in the way."""
    check_traces(settings)
    offer_of(settings)  # an exchange's production that is called a sandbox is said too
    policies_of(settings)  # rules that cannot be used are said before anything starts
    with _only_one(settings.data_dir):
        _must_be_free(settings.host, settings.port, "TRELLIS_PORT")
        _must_be_free("127.0.0.1", settings.proxy_port, "TRELLIS_PROXY_PORT")
        more = sample_environment(settings)
        database = Database(settings.sql_url)
        await migrate(database)
        if more:
            await register_sample(settings, Store(database))
        await database.close()
        trellis = (sys.executable, "-P", "-m", "bot")  # a deploy.py in the folder where we were started is no part of us
        async with AsyncExitStack() as stack:
            if settings.is_redis_embedded:
                await stack.enter_async_context(_running(_part(settings, "redis", _redis_argv(settings), {})))
            for name, word in (("keeper", "keep"), ("worker", "work"), ("web", "serve")):
                await stack.enter_async_context(_running(_part(settings, name, (*trellis, word), more)))
            await _until_ready(settings)
            if not is_quiet:
                _tell(_banner(settings, bool(more), await _way_in(settings)))
            try:
                await asyncio.Event().wait()
            finally:
                _tell("Stopping: services, then the rest.")
    return 0


def _redis_argv(settings: Settings) -> tuple[str, ...]:
    folder = settings.data_dir / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return tuple(embedded.argv(settings.data_dir / "redis.sock", folder))
    except embedded.NoServer as error:
        raise SettingsError(str(error)) from error

"""The socket on which libdeploy asks for programs to be run; for this user only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.residents import BadOrder, Residents

Act = Callable[[Residents, Path, dict[str, Any]], Awaitable[dict[str, Any] | None]]


async def _running(residents: Residents, folder: Path, _: dict[str, Any]) -> dict[str, Any]:
    return {"is_running": await residents.is_running(folder)}


_ACTS: dict[str, Act] = {
    "start": lambda residents, folder, said: residents.start(folder, said),
    "stop": lambda residents, folder, said: residents.stop(folder, float(said.get("within_s", 10))),
    "running": _running,
}


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the business of whoever runs this."""
        yield


def app_of(residents: Residents) -> Starlette:
    async def act(request: Request) -> Response:
        try:
            said = await request.json()
            done = await _ACTS[request.path_params["act"]](residents, Path(said["folder"]), said)
        except (BadOrder, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"message": str(error) or type(error).__name__}, 409)
        return JSONResponse(done or {})

    return Starlette(routes=[Route("/{act}", act, methods=["POST"])])


@asynccontextmanager
async def listening(residents: Residents, path: Path) -> AsyncIterator[None]:
    """As long as the block runs. The socket is this user's alone."""
    listener = _listener(path)
    config = uvicorn.Config(app_of(residents), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listener.close()
        _forget(path)


def _listener(path: Path) -> socket.socket:
    _forget(path)
    before = os.umask(0o177)
    try:
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bound.bind(str(path))
    finally:
        os.umask(before)
    return bound


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)

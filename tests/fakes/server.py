"""A stand-in served over real HTTP on a loopback port, in a thread with a loop of its own; its faults are knobs.

An operation is named by a verb and a noun ("POST comment"). For the next request of one, `fail_next` answers something
else and does nothing, `lose_next` does it and breaks the connection before the answer is whole, `delay_next` takes its time.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Receive, Scope, Send

    from tests.fakes.openapi import Description

Answer = tuple[int, Any]
Endpoint = Callable[[Request, Any], Answer | Response | Awaitable[Answer | Response]]


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any


@dataclass
class _Fault:
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_lost: bool = False
    delay_s: float = 0.0


class HttpError(Exception):
    """Raised by an endpoint: the answer is an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class _Broken(Response):
    """An answer whose end never comes: the server closes the connection in its middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


class _Server(uvicorn.Server):
    """It ends when it is told to and at once: uvicorn's own looks ten times a second, and then waits a while, in each of thousands of tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    def end(self) -> None:
        self._told.set()
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._over.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self._told.is_set():
            await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        left = list(self.server_state.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class FakeServer:
    """What the stand-ins of the platforms share. `requests` is what came, `problems` what was wrong with any of it."""

    def __init__(self, description: Description | None = None) -> None:
        self.requests: list[Asked] = []
        self.problems: list[str] = []
        self._description = description
        self._faults: dict[str, deque[_Fault]] = defaultdict(deque)
        self.troubles = 0
        self._chance, self._share = random.Random(0), 0.0
        self._lock = threading.RLock()
        self._served: tuple[_Server, threading.Thread] | None = None
        self._socket: socket.socket | None = None

    def fail_next(self, operation: str, status: int, headers: Mapping[str, str] | None = None, body: Any = None, times: int = 1) -> None:
        for _ in range(times):
            self._faults[operation].append(_Fault(status=status, headers=headers or {}, body=body))

    def lose_next(self, operation: str, times: int = 1) -> None:
        for _ in range(times):
            self._faults[operation].append(_Fault(is_lost=True))

    def delay_next(self, operation: str, delay_s: float) -> None:
        self._faults[operation].append(_Fault(delay_s=delay_s))

    def be_unreliable(self, chance: random.Random, share: float) -> None:
        """So many of all requests fail, or are done and lose their answer; `troubles` counts them. 0: none any more."""
        self._chance, self._share = chance, share

    def asked(self, operation: str) -> list[Asked]:
        return [each for each in self.requests if each.operation == operation]

    def check(self) -> None:
        """Raises when a request or an answer did not fit the official description."""
        assert self.problems == [], self.problems[:5]

    def routes(self) -> list[Route]:
        raise NotImplementedError

    def is_authorized(self, request: Request) -> bool:
        raise NotImplementedError

    def refuse(self, status: int) -> Any:
        """The platform's body for an error."""
        return {"message": str(status)}

    def answer_headers(self, request: Request) -> dict[str, str]:
        return {}

    @property
    def url(self) -> str:
        """Where it is served; starts it when it is not."""
        if self._socket is None:
            self.start()
        assert self._socket is not None
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Serve it, if it is not served already."""
        if self._socket is not None:
            return
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        app = Starlette(routes=[*self.routes(), Route("/{path:path}", self.endpoint("unknown", _unknown), methods=_METHODS)])
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=120,
            date_header=False,
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        thread.start()
        self._served = (server, thread)

    def stop(self) -> None:
        if self._served is not None:
            server, thread = self._served
            server.end()
            thread.join(60)
            assert not thread.is_alive()
        if self._socket is not None:
            self._socket.close()
        self._served = self._socket = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if error is None:
            self.check()

    def endpoint(self, operation: str, do: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Wrap an endpoint: authorisation, faults, the record and the description's word on both ways."""

        async def serve(request: Request) -> Response:
            raw = await request.body()
            body = _json(raw)
            path = request.scope["raw_path"].decode().partition("?")[0]
            query = tuple(request.query_params.multi_items())
            self.requests.append(Asked(operation, request.method, path, query, body))
            fault = self._faults[operation].popleft() if self._faults[operation] else self._by_chance()
            await asyncio.sleep(fault.delay_s)
            self._check_request(request.method, path, query, body)
            if not self.is_authorized(request):
                return JSONResponse(self.refuse(401), 401, self.answer_headers(request))
            if fault.status is not None:
                return _failure(fault, self.refuse(fault.status), self.answer_headers(request))
            response = await self._do(do, request, body)
            self._check_response(request.method, path, response)
            return _Broken() if fault.is_lost else response

        return serve

    def _by_chance(self) -> _Fault:
        if not self._share or self._chance.random() >= self._share:
            return _Fault()
        self.troubles += 1
        return _Fault(is_lost=True) if self._chance.random() < 0.5 else _Fault(status=self._chance.choice([429, 500, 503]))

    async def _do(self, do: Endpoint, request: Request, body: Any) -> Response:
        try:
            with self._lock:
                answer = do(request, body)
            if isinstance(answer, Awaitable):
                answer = await answer
        except HttpError as error:
            answer = (error.status, error.body if error.body is not None else self.refuse(error.status))
        if isinstance(answer, Response):
            return answer
        return JSONResponse(answer[1], answer[0], self.answer_headers(request))

    def _check_request(self, method: str, path: str, query: tuple[tuple[str, str], ...], body: Any) -> None:
        if self._description:
            self.problems += self._description.check_request(method, path, query, body)

    def _check_response(self, method: str, path: str, response: Response) -> None:
        if self._description:
            self.problems += self._description.check_response(method, path, response.status_code, _json(bytes(response.body)))


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _unknown(request: Request, body: Any) -> Answer:
    raise HttpError(404, None)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode("utf-8", "replace")


def _failure(fault: _Fault, usual: Any, headers: dict[str, str]) -> Response:
    assert fault.status is not None
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status, {**headers, **fault.headers}, media_type="text/html")
    return JSONResponse(usual if fault.body is None else fault.body, fault.status, {**headers, **fault.headers})

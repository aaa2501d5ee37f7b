"""The keeper's socket: HTTP for its own user only."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from processes import bound
from provisioner.engine import EngineFailed, EngineUnavailable, StageName, StaleFence
from provisioner.records import BadSpec
from provisioner.wire import BEAT_S, Answer, Ask, Done, Failed, Stale, Unavailable, answer_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from starlette.requests import Request

    from provisioner.engine import Spec
    from provisioner.keeper import Keeper

_log = structlog.get_logger()
_encode = msgspec.json.encode


def _spec(ask: Ask) -> Spec:
    if ask.spec is None:
        raise BadSpec("the order names no spec")
    return ask.spec


async def _read(keeper: Keeper, ask: Ask) -> dict[str, str]:
    if ask.source is None:
        raise BadSpec("the order names no source")
    found = await keeper.read(ask.source, ask.paths)
    return {path: base64.b64encode(data).decode() for path, data in found.items()}


_ORDERS: dict[str, Callable[[Keeper, Ask], Awaitable[Any]]] = {  # they change something and name their fence
    "lay_out": lambda keeper, ask: keeper.lay_out(_spec(ask), ask.fence),
    "build": lambda keeper, ask: keeper.build(_spec(ask), ask.fence),
    "start": lambda keeper, ask: keeper.begin(_spec(ask), ask.fence),
    "abandon": lambda keeper, ask: keeper.abandon(ask.environment, ask.generation, ask.fence),
    "restart": lambda keeper, ask: keeper.restart(ask.environment, ask.service, ask.fence, ask.number),
    "seed": lambda keeper, ask: keeper.seed(ask.environment, ask.dataset, ask.fence, ask.number),
    "pause": lambda keeper, ask: keeper.pause(ask.environment, ask.fence),
    "destroy": lambda keeper, ask: keeper.destroy(ask.environment, ask.fence, ask.grace_s),
}
_LOOKS: dict[str, Callable[[Keeper, Ask], Awaitable[Any]]] = {
    "read": _read,
    "observe": lambda keeper, _: keeper.observe(),
    "logs": lambda keeper, ask: keeper.logs(ask.environment, ask.service, ask.tail),
    "health": lambda keeper, _: keeper.health(),
}


async def _answer(work: Awaitable[Any]) -> Answer:
    try:
        return Done(msgspec.Raw(_encode(await work)))
    except BadSpec as problem:
        return Failed(StageName.PROVISIONING, str(problem), code="bad_spec")
    except (StaleFence, EngineFailed, EngineUnavailable) as problem:
        return answer_of(problem)
    except Exception as problem:  # noqa: BLE001 - logged; whoever asked gets a line
        _log.exception("keeper.order_failed")
        return Unavailable(f"the keeper is in trouble: {type(problem).__name__}")


async def _told(work: Awaitable[Any]) -> AsyncIterator[bytes]:
    """The answer, and until then a blank line every now and then: nobody has to guess whether we live."""
    task = asyncio.ensure_future(_answer(work))
    try:
        while not (await asyncio.wait([task], timeout=BEAT_S))[0]:
            yield b"\n"
        yield _encode(task.result())
    finally:
        task.cancel()


def _application(keeper: Keeper) -> Starlette:
    async def handle(request: Request) -> Response:
        step = request.path_params["step"]
        try:
            ask = msgspec.json.decode(await request.body(), type=Ask)
            if step in _ORDERS:
                keeper.claim(ask.spec.environment if ask.spec else ask.environment, ask.fence)
        except StaleFence as problem:
            return Response(_encode(Stale(str(problem))), 409, media_type="application/json")
        except (msgspec.MsgspecError, BadSpec) as problem:
            return Response(_encode(Failed(StageName.PROVISIONING, str(problem), code="bad_spec")), 400, media_type="application/json")
        work = (_ORDERS | _LOOKS).get(step)
        if work is None:
            return Response(_encode(Unavailable(f"this keeper knows no {step}")), 404, media_type="application/json")
        return StreamingResponse(_told(work(keeper, ask)), media_type="application/json")

    return Starlette(routes=[Route("/{step}", handle, methods=["POST"])])


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Signals are the keeper's business."""
        yield


@contextlib.asynccontextmanager
async def listen(keeper: Keeper, path: Path) -> AsyncIterator[None]:
    """Take orders on the unix socket `path`, mode 0600."""
    config = uvicorn.Config(_application(keeper), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bound(path)]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving

"""What libdeploy asks for over a socket: programs to be run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.residents import BadOrder, Residents

Act = Callable[[Residents, Path, dict[str, Any]], Awaitable[dict[str, Any] | None]]


async def _running(residents: Residents, folder: Path, _: dict[str, Any]) -> dict[str, Any]:
    ran_s = await residents.ran_s(folder)
    return {"is_running": ran_s is not None, "ran_s": ran_s or 0}


_ACTS: dict[str, Act] = {
    "start": lambda residents, folder, said: residents.start(folder, said),
    "stop": lambda residents, folder, said: residents.stop(folder, float(said.get("within_s", 10))),
    "running": _running,
}


def app_of(residents: Residents) -> Starlette:
    async def act(request: Request) -> Response:
        try:
            said = await request.json()
            done = await _ACTS[request.path_params["act"]](residents, Path(said["folder"]), said)
        except (BadOrder, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"message": str(error) or type(error).__name__}, 409)
        return JSONResponse(done or {})

    return Starlette(routes=[Route("/{act}", act, methods=["POST"])])

"""What workers ask for over a socket: runs of deploy.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.runner import CannotRun, Job, OtherJob, Runner, RunnerUnavailable, Step
from deploy.runner_wire import Ask, Health, Refused, decoded, encoded, refused

MOST_FOLLOWED_S = 20.0
_log = structlog.get_logger()


class Hosted(Runner, Protocol):
    async def health(self) -> Health:
        """For `doctor`."""


def _job(ask: Ask) -> Job:
    if ask.job is None:
        raise CannotRun("The order names no job.")
    if ask.job.step is Step.LOOK and ask.job.plan is None:
        raise CannotRun("A look has rights, so it goes by a plan and runs no deploy.py: it needs the plan.")
    return ask.job


_ACTS: dict[str, Callable[[Hosted, Ask], Awaitable[Any]]] = {
    "start": lambda runner, ask: runner.start(_job(ask), ask.rights),
    "observe": lambda runner, ask: runner.observe(ask.id),
    "follow": lambda runner, ask: runner.follow(ask.id, ask.seen, min(ask.within_s, MOST_FOLLOWED_S)),
    "cancel": lambda runner, ask: runner.cancel(ask.id),
    "forget": lambda runner, ask: runner.forget(ask.id),
    "health": lambda runner, _: runner.health(),
}


def app_of(runner: Hosted) -> Starlette:
    async def act(request: Request) -> Response:
        work = _ACTS.get(request.path_params["act"])
        if work is None:
            return _answer(404, Refused("unavailable", f"Whoever listens here knows no {request.path_params['act']}."))
        try:
            ask = decoded(await request.body(), Ask)
        except msgspec.MsgspecError as error:
            return _answer(400, Refused("cannot_run", f"The order cannot be read: {error}."))
        try:
            return _answer(200, await work(runner, ask))
        except (OtherJob, CannotRun, RunnerUnavailable, ValueError) as error:
            return _answer(409, refused(error))
        except OSError as error:
            _log.exception("deploys.order_failed", act=request.path_params["act"])
            return _answer(409, Refused("unavailable", f"This host is in trouble: {error.strerror or type(error).__name__}."))

    return Starlette(routes=[Route("/{act}", act, methods=["POST"])])


def _answer(status: int, value: Any) -> Response:
    return Response(encoded(value), status, media_type="application/json")

"""`/healthz`: we live. `/readyz`: commands can be taken and carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Response
from pydantic import BaseModel

Check = Callable[[], Awaitable[None]]
"""Returns when that part is well; raises with a reason when it is not."""

_CHECK_S = 2.0


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    """`parts` says of each part `ok` or what is wrong with it."""

    is_ready: bool
    parts: dict[str, str]


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_S):
            await check()
    except TimeoutError:
        return f"no answer within {_CHECK_S:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, that part is not well
        return str(error) or type(error).__name__
    return "ok"


async def readiness(checks: Mapping[str, Check]) -> Readiness:
    answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
    parts = dict(zip(checks, answers, strict=True))
    return Readiness(is_ready=all(answer == "ok" for answer in answers), parts=parts)


def router(checks: Mapping[str, Check]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> Health:
        return Health(status="ok")

    @routes.get("/readyz", responses={503: {"model": Readiness}})
    async def readyz(response: Response) -> Readiness:
        found = await readiness(checks)
        response.status_code = 200 if found.is_ready else 503
        return found

    return routes

"""The JSON Schema of what repositories write, for their editors."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from bot.domain import devenv_file


def router() -> APIRouter:
    made = APIRouter()

    @made.get("/schema/dev-env.json", include_in_schema=False)
    async def dev_env() -> Response:
        headers = {"cache-control": "public, max-age=3600", "access-control-allow-origin": "*"}
        return JSONResponse(devenv_file.schema(), headers=headers, media_type="application/schema+json")

    return made

"""Errors of the API as RFC 9457 says them: `application/problem+json`, with the same reason codes as in chat."""

from __future__ import annotations

from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException as HTTPError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_TITLES = {
    400: "It cannot be read",
    401: "Nobody is signed in",
    403: "Not allowed",
    404: "Not here",
    405: "Not so",
    409: "It is there already",
    413: "Too large",
    415: "Not this kind of content",
    422: "Not understood",
    429: "Too many requests",
    500: "It went wrong here",
    503: "Not now",
}


class Problem(Exception):  # noqa: N818 - it is an answer
    """`code` is stable; `detail` is a sentence for whoever called."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.more = more

    def response(self) -> Response:
        body = {"type": "about:blank", "title": _TITLES.get(self.status, "A problem"), "status": self.status, "detail": self.detail}
        return JSONResponse(
            {**body, "code": self.code, **self.more}, self.status, headers=self.headers, media_type="application/problem+json"
        )


async def on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for these only
    return error.response()


def is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def problem_of(error: HTTPError) -> Problem:
    """An error of the framework, said in our way."""
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 422: "not_understood"}
    return Problem(error.status_code, codes.get(error.status_code, "refused"), str(error.detail), dict(error.headers or {}))


async def on_http(request: Request, error: Exception) -> Response:
    """An error of the framework: a problem where the API was asked, also where its path fits no route at all."""
    assert isinstance(error, HTTPError)  # noqa: S101 - registered for these only
    return problem_of(error).response() if is_api(request) else await http_exception_handler(request, error)

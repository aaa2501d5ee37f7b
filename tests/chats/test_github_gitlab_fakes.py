"""The stand-ins themselves: what they must not let pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.chats.forges import bench
from tests.fakes.openapi import payloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chats.forges import Bench

needs_descriptions = pytest.mark.skipif(payloads() is None, reason="no official descriptions here: set TRELLIS_PAYLOADS")


@pytest.fixture(params=["github", "gitlab"])
def there(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = bench(request.param)
    yield made
    made.close()
    made.fake.stop()


async def ask(there: Bench, method: str, path: str, token: str | None = None, **more: Any) -> int:
    secret = there.fake.token if token is None else token
    headers = {"Authorization": f"Bearer {secret}", "PRIVATE-TOKEN": secret}
    answer = await asyncio.to_thread(requests.request, method, there.fake.url + path, headers=headers, timeout=5, **more)
    return answer.status_code


def comments(there: Bench) -> str:
    return "/repos/acme/shop/issues/12/comments" if there.platform == "github" else "/api/v4/projects/42/merge_requests/12/notes"


async def test_an_unknown_token_is_refused_and_does_nothing(there: Bench) -> None:
    assert await ask(there, "POST", comments(there), "wrong", json={"body": "hello"}) == 401
    assert there.fake.comments(there.request) == []


@needs_descriptions
async def test_a_request_as_described_is_no_problem(there: Bench) -> None:
    assert await ask(there, "POST", comments(there), json={"body": "hello"}) == 201
    there.fake.check()


@needs_descriptions
@pytest.mark.parametrize(
    ("method", "more"),
    [("POST", {"json": {"text": "hello"}}), ("GET", {"params": {"newest": "first"}}), ("GET", {"params": {"page": "one"}}), ("PUT", {})],
)
async def test_a_request_not_as_described_is_a_problem(there: Bench, method: str, more: dict[str, Any]) -> None:
    await ask(there, method, comments(there), **more)
    with pytest.raises(AssertionError):
        there.fake.check()


@needs_descriptions
@pytest.mark.parametrize("path", ["/user/7", "/repositories/42", "/api/v4/users/7"])
async def test_an_operation_that_is_not_described_is_a_problem(there: Bench, path: str) -> None:
    assert await ask(there, "GET", path) == 404
    with pytest.raises(AssertionError):
        there.fake.check()


async def test_a_lost_answer_has_done_its_work(there: Bench) -> None:
    there.fake.lose_next("POST comment")
    with pytest.raises(requests.RequestException):
        await ask(there, "POST", comments(there), json={"body": "hello"})
    assert [each.body for each in there.fake.comments(there.request)] == ["hello"]


async def test_a_failure_has_done_nothing_and_is_over(there: Bench) -> None:
    there.fake.fail_next("POST comment", 502)
    assert await ask(there, "POST", comments(there), json={"body": "hello"}) == 502
    assert there.fake.comments(there.request) == []
    assert await ask(there, "POST", comments(there), json={"body": "hello"}) == 201

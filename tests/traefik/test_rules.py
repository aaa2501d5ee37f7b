"""The small reader of Traefik's rules does what Traefik's documentation says."""

from __future__ import annotations

import httpx
import pytest
from lark.exceptions import LarkError

from tests.traefik.reader import Answered, Forwarded, Reader
from tests.traefik.rules import Asked, WrongRule, read


@pytest.mark.parametrize(
    ("rule", "asked", "is_taken"),
    [
        ("Host(`a.test`)", Asked("a.test"), True),
        ("Host(`a.test`)", Asked("A.TEST:8443"), True),
        ("Host(`a.test`)", Asked("a.test."), True),
        ("Host(`a.test`)", Asked("b.a.test"), False),
        ("Host(`a.test`)", Asked("a.test.evil.example"), False),
        ("Host(`a.test`) || Host(`b.test`)", Asked("b.test"), True),
        ("Host(`a.test`) && PathPrefix(`/x`)", Asked("a.test", "/xy"), True),
        ("Host(`a.test`) && PathPrefix(`/x`)", Asked("a.test", "/y"), False),
        ("Host(`a.test`) && Path(`/x`)", Asked("a.test", "/xy"), False),
        ("Host(`a.test`) || Host(`b.test`) && Path(`/x`)", Asked("a.test", "/y"), True),
        ("(Host(`a.test`) || Host(`b.test`)) && Path(`/x`)", Asked("a.test", "/y"), False),
        ("!Host(`a.test`)", Asked("b.test"), True),
        ("!(Host(`a.test`) || Host(`b.test`))", Asked("b.test"), False),
        ("HostRegexp(`^x[0-9]+\\.test$`)", Asked("x12.test"), True),
        ("HostRegexp(`^x[0-9]+\\.test$`)", Asked("x12.test.evil.example"), False),
        ("Header(`X-Proof`, `1`)", Asked("a", headers={"x-proof": "1"}), True),
        ("Header(`X-Proof`, `1`)", Asked("a", headers={"x-proof": "2"}), False),
        ("Method(`POST`)", Asked("a", method="POST"), True),
    ],
)
def test_a_rule_takes_what_it_says(rule: str, asked: Asked, is_taken: bool) -> None:
    assert read(rule)(asked) is is_taken


@pytest.mark.parametrize(
    "rule",
    ["", "Host", "Host()", "Host(a.test)", "Host(`a`) &&", "Hosts(`a`)", "Host(`a b`)", "Host(`a`, `b`)", "HostRegexp(`[`)", "Header(`a`)"],
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises((WrongRule, LarkError)):
        read(rule)


def reader(routers: dict[str, object], middlewares: dict[str, object] | None = None, status: int = 200) -> Reader:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text="auth")

    web = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://trellis.test")
    service = {"loadBalancer": {"servers": [{"url": "http://10.0.0.1"}]}}
    return Reader({"http": {"routers": routers, "services": {"s": service}, "middlewares": middlewares or {}}}, web)


async def test_the_longest_rule_wins_unless_a_priority_is_given() -> None:
    routers = {"short": {"rule": "Host(`a.test`)", "service": "s"}, "long": {"rule": "Host(`a.test`) && PathPrefix(`/`)", "service": "s"}}
    made = reader({**routers, "first": {"rule": "Path(`/p`)", "service": "s", "priority": 1000}})
    assert made.router(Asked("a.test")) == routers["long"]
    assert (made.router(Asked("a.test", "/p")) or {})["priority"] == 1000
    assert await made.take(Asked("b.test")) == Answered(404, "404 page not found")


async def test_middlewares_change_what_is_asked_and_strangers_forwarding_headers_are_dropped() -> None:
    router = {"rule": "Host(`a.test`)", "service": "s", "middlewares": ["h", "p", "auth"]}
    headers = {"headers": {"customRequestHeaders": {"X-Lie": "", "X-Said": "1", "Host": "b.test"}}}
    middlewares = {"h": headers, "p": {"replacePath": {"path": "/there"}}, "auth": {"forwardAuth": {"address": "http://trellis.test/auth"}}}
    taken = await reader({"r": router}, middlewares).take(Asked("a.test", headers={"x-lie": "1", "x-forwarded-user": "root"}))
    assert isinstance(taken, Forwarded)
    assert (taken.url, taken.asked.host, taken.asked.path) == ("http://10.0.0.1", "b.test", "/there")
    assert "x-lie" not in taken.asked.headers
    assert "x-forwarded-user" not in taken.asked.headers
    assert taken.asked.headers["x-said"] == "1"
    assert await reader({"r": router}, middlewares, 401).take(Asked("a.test")) == Answered(
        401, "auth", (("content-length", "4"), ("content-type", "text/plain; charset=utf-8"))
    )

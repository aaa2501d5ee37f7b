"""One table of requests: whoever stands before environments answers them alike, the local proxy and Traefik."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UP, PAUSED, RISING, NOBODY = "one ", "<h1>Paused</h1>", "<h1>Not up yet</h1>", "<h1>No such environment</h1>"


@dataclass(frozen=True)
class Request:
    """`host` names `{demo}`, with the services web (its first) and api, `{asleep}`, which is paused, and `{rising}`, of which nothing runs yet."""

    host: str
    status: int
    words: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


REQUESTS = (
    Request("{demo}.{domain}", 200, UP + "/"),
    Request("{demo}.{domain}:8443", 200, UP + "/"),
    Request("{demo}.{domain}", 200, UP + "/a/b?c=%2Fd", "/a/b?c=%2Fd"),
    Request("api--{demo}.{domain}", 200, UP + "/x", "/x"),
    Request("{demo}.{domain}", 200, UP + "/traefik/page/unknown", "/traefik/page/unknown"),
    Request("{demo}.{domain}", 200, UP + "/", headers={"X-Forwarded-Host": "{asleep}.{domain}", "X-Original-Host": "{asleep}.{domain}"}),
    Request("{asleep}.{domain}", 503, PAUSED),
    Request("{asleep}.{domain}", 503, PAUSED, "/any/where", "POST"),
    Request("{rising}.{domain}", 503, RISING),
    Request("web--{demo}.{domain}", 404, NOBODY),
    Request("other--{demo}.{domain}", 404, NOBODY),
    Request("--{demo}.{domain}", 404, NOBODY),
    Request("{demo}2.{domain}", 404, NOBODY),
    Request("{demo}2.{domain}", 404, NOBODY, "/x", "POST"),
    Request("x.{demo}.{domain}", 404, NOBODY),
    Request("{demo}.{domain}.evil.example", 404, NOBODY),
    Request("{demo}", 404, NOBODY),
    Request("{domain}", 404, NOBODY),
    Request("nobody.{domain}", 404, NOBODY),
    Request("127.0.0.1", 404, NOBODY),
    Request("127.0.0.1", 404, NOBODY, "/traefik/configuration"),
    Request("nobody.example", 404, NOBODY, headers={"X-Forwarded-Host": "{demo}.{domain}"}),
)

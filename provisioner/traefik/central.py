"""The central Traefik's dynamic configuration, as its HTTP provider asks for it: a route for each environment, and pages for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioner.traefik.names import PROOF, TILT

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/?")
_LIES = ("Forwarded", "X-Original-Host", "X-Original-Method", "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", PROOF)
_LAST = 1  # of all routes: whatever nobody else takes


class Leads(StrEnum):
    """Where a route leads now."""

    THERE = "there"
    WAITING = "waiting"
    PAUSED = "paused"


@dataclass(frozen=True)
class Route:
    """One environment: the first labels of its host names, and the machine that answers (`http://10.20.1.7:80`).

    `proof` opens what only its machine's owner may see (tilt's page); "": it has none.
    """

    slug: str
    labels: tuple[str, ...]
    upstream: str
    leads: Leads = Leads.THERE
    proof: str = ""


@dataclass(frozen=True)
class Central:
    """What an operator decides. `trellis` is Trellis's web part as Traefik reaches it; `login`: every environment is behind it."""

    domain: str
    trellis: str
    entry_points: tuple[str, ...] = ()
    is_tls: bool = True
    login: bool = True


def configuration(central: Central, routes: Iterable[Route]) -> dict[str, Any]:
    """Host names that are no labels, and machines that are no addresses, get no route."""
    routers: dict[str, Any] = {"nobody": _router(central, "PathPrefix(`/`)", "trellis", ("clean", "page-unknown"), priority=_LAST)}
    services: dict[str, Any] = {"trellis": _service(central.trellis)}
    middlewares = _middlewares(central)
    for route in routes:
        labels = [each for each in route.labels if _LABEL.fullmatch(each) and not each.startswith(f"{TILT}--")]
        if not (labels and _LABEL.fullmatch(route.slug) and is_address(route.upstream)):
            continue
        name = f"env-{route.slug}"
        seen = ("clean", "login") if central.login else ("clean",)
        rule = " || ".join(f"Host(`{each}.{central.domain}`)" for each in labels)
        if route.leads is not Leads.THERE:
            routers[name] = _router(central, rule, "trellis", (*seen, f"page-{route.leads}"))
            continue
        services[name] = _service(route.upstream)
        routers[name] = _router(central, rule, name, seen)
        if route.proof:
            host = f"{TILT}--{route.slug}"
            if _LABEL.fullmatch(host):
                middlewares[f"proof-{route.slug}"] = {"headers": {"customRequestHeaders": {PROOF: route.proof}}}
                chain = ("clean", "login", f"proof-{route.slug}")
                routers[f"{TILT}-{route.slug}"] = _router(central, f"Host(`{host}.{central.domain}`)", name, chain)
    return {"http": {"routers": routers, "services": services, "middlewares": middlewares}}


def _middlewares(central: Central) -> dict[str, Any]:
    pages = {f"page-{page}": {"replacePath": {"path": f"/traefik/page/{page}"}} for page in ("unknown", Leads.WAITING, Leads.PAUSED)}
    return {
        # X-Forwarded-* of strangers are dropped by the entry point, which trusts nobody unless it is told to.
        "clean": {"headers": {"customRequestHeaders": dict.fromkeys(_LIES, "")}},
        "login": {"forwardAuth": {"address": f"{central.trellis}/traefik/auth", "trustForwardHeader": False}},
        **pages,
    }


def _router(central: Central, rule: str, service: str, middlewares: tuple[str, ...], priority: int | None = None) -> Mapping[str, Any]:
    router: dict[str, Any] = {"rule": rule, "service": service, "middlewares": list(middlewares)}
    if central.entry_points:
        router["entryPoints"] = list(central.entry_points)
    if central.is_tls:
        router["tls"] = {}
    if priority is not None:
        router["priority"] = priority
    return router


def _service(url: str) -> Mapping[str, Any]:
    return {"loadBalancer": {"servers": [{"url": url}], "passHostHeader": True, "responseForwarding": {"flushInterval": "1ms"}}}


def is_address(url: str) -> bool:
    """Scheme, host and perhaps a port: nothing else of an address is taken from anybody."""
    return _ADDRESS.fullmatch(url) is not None

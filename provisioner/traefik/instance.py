"""The Traefik on an environment's machine: host names as people know them become those that the kind cluster's ingress knows.

Written as JSON, which Traefik reads as the YAML that it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.traefik.names import PROOF, TILT

TILT_PORT = 10350
DYNAMIC = "/etc/traefik/dynamic.yaml"


@dataclass(frozen=True)
class Machine:
    """`hosts`: the first label of each host name, and what the ingress calls the service behind it."""

    slug: str
    domain: str
    hosts: Mapping[str, str]
    ingress_port: int
    proof: str


def static() -> dict[str, Any]:
    """One way in, over plain HTTP from the proxy and the VPN; no dashboard, no API. Forwarding headers are the central Traefik's."""
    entry = {"address": ":80", "forwardedHeaders": {"trustedIPs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}}
    return {
        "entryPoints": {"web": entry},
        "providers": {"file": {"filename": DYNAMIC, "watch": True}},
        "api": {"dashboard": False, "insecure": False},
        "log": {"level": "ERROR"},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }


def dynamic(machine: Machine) -> dict[str, Any]:
    """A route for each service, and tilt's page for whoever comes with the proof. Any other host name is 404."""
    routers: dict[str, Any] = {}
    middlewares: dict[str, Any] = {}
    for label, known_as in machine.hosts.items():
        if label == f"{TILT}--{machine.slug}":
            continue
        middlewares[f"as-{label}"] = {"headers": {"customRequestHeaders": {"Host": known_as, PROOF: ""}}}
        routers[label] = {"rule": f"Host(`{label}.{machine.domain}`)", "service": "ingress", "middlewares": [f"as-{label}"]}
    services = {"ingress": _service(machine.ingress_port)}
    if machine.proof:
        host = f"{TILT}--{machine.slug}.{machine.domain}"
        middlewares["as-tilt"] = {"headers": {"customRequestHeaders": {"Host": f"localhost:{TILT_PORT}", PROOF: ""}}}
        rule = f"Host(`{host}`) && Header(`{PROOF}`, `{machine.proof}`)"
        routers[TILT] = {"rule": rule, "service": TILT, "middlewares": ["as-tilt"]}
        services[TILT] = _service(TILT_PORT)
    return {"http": {"routers": routers, "services": services, "middlewares": middlewares}}


def direct(domain: str, ports: Mapping[str, int]) -> dict[str, Any]:
    """Where no cluster is between: a route from each label to its service's port. Any other host name is 404."""
    clean = {"clean": {"headers": {"customRequestHeaders": {PROOF: ""}}}}
    routers = {label: {"rule": f"Host(`{label}.{domain}`)", "service": label, "middlewares": ["clean"]} for label in ports}
    services = {label: _service(port) for label, port in ports.items()}
    return {"http": {"routers": routers, "services": services, "middlewares": clean}}


def _service(port: int) -> Mapping[str, Any]:
    return {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}], "passHostHeader": True}}

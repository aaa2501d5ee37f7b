"""The engine within a host of a trading environment: services are units of systemd, and secrets are read there by the host's own role."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.engine import EngineFailed, LogLine, Spec, StageName, Trading
from provisioner.line import argv_of
from provisioner.records import label
from provisioner.services import siblings
from provisioner.setup import seeding
from provisioner.setup.machines import Instance, Machines
from provisioner.traefik import instance

STEPS = ("code", "traefik", "services")
FIRST_PORT = 20001
_PROGRAM = "${TRELLIS_ROOT:-}/usr/local/bin/trellis-services"
_WITHIN_S = 300.0


@dataclass(frozen=True)
class Hosts(Machines):
    """Neither Docker nor a cluster is there, and nothing is fetched but code: a host reaches only what its environment may."""

    region: str = ""
    first_port: int = FIRST_PORT

    steps: ClassVar[tuple[str, ...]] = STEPS
    runs_tilt: ClassVar[bool] = False

    def files(self, spec: Spec, code_url: str) -> dict[str, str]:
        """Of secrets there is where they are kept, and never what they are."""
        own = spec.trading or Trading()
        ports = {each.name: self.first_port + number for number, each in enumerate(spec.services)}
        routes = {label(spec, each): ports[each] for each in self.answering(spec)}
        return {
            "services.json": json.dumps(self._services(spec, own, ports), sort_keys=True),
            "kept.json": json.dumps({"region": self.region, "secrets": dict(own.kept)}, sort_keys=True),
            "dynamic.yaml": json.dumps(instance.direct(self.host.domain, routes), indent=2, sort_keys=True) + "\n",
            "code.url": code_url,
        }

    def _services(self, spec: Spec, own: Trading, ports: dict[str, int]) -> dict[str, Any]:
        ours = {"TRELLIS_SLUG": spec.slug, "TRELLIS_URL": self.host.url(spec.slug), "TRELLIS_SHA": spec.source.sha}
        shared = {**siblings(ports, lambda name: self.host.url(label(spec, name))), **dict(own.given)}
        found = [
            {
                "name": each.name,
                "argv": argv_of(each.run),
                "build": argv_of(each.build) if each.build else None,
                "port": ports[each.name],
                "health": each.health,
                "env": {**dict(each.env), **ours, "PORT": str(ports[each.name])},
            }
            for each in spec.services
        ]
        return {"services": found, "shared": shared, "within_s": spec.ready_within_s, "build_within_s": spec.build_within_s}

    def answering(self, spec: Spec) -> tuple[str, ...]:
        """Those that say how they are asked; a strategy alone answers nobody."""
        return tuple(each.name for each in spec.services if each.health is not None or each.port is not None)

    async def restart(self, machine: Instance, service: str | None = None) -> None:
        """Raises EngineFailed when they are not healthy again, EngineUnavailable."""
        ran = await self.shell.run(machine.id, f"{_PROGRAM} restart {shlex.quote(service or '-')}", _WITHIN_S)
        if ran.code:
            *log, reason = ran.err.splitlines() or ["it said nothing"]
            raise EngineFailed(StageName.STARTING, reason, tuple(log), code="setup_failed")

    async def started(self, machine: Instance) -> None:
        """Units of systemd are there again by themselves."""

    async def logs(self, machine: Instance, service: str | None, tail: int) -> tuple[LogLine, ...]:
        if service == seeding.LOG:
            return await super().logs(machine, service, tail)
        printed = await self._end(machine, f"{_PROGRAM} logs {shlex.quote(service or '-')} {int(tail)}", _WITHIN_S)
        told = (line.partition("\t") for line in printed)
        return tuple(LogLine(name, text) for name, is_told, text in told if is_told)

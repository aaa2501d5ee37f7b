"""What a machine is to become: the steps in which it gets there, and the files that hold what is this environment's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.engine import Spec
from provisioner.records import label
from provisioner.setup.programs import Programs
from provisioner.setup.tilt import words
from provisioner.traefik import instance

STEPS = ("docker", "kind", "traefik", "code", "tilt")
"""The roles, each a run of its own: how far a machine is, is told after each. A disk of data has its own, before the last."""

BAKED = ("docker", "kind", "traefik", "tilt", "services")
"""What knows nothing of any environment: an image has it done."""


@dataclass(frozen=True)
class Host:
    """What an operator decides of all machines. `ingress` is the host name that the kind cluster's ingress knows a service by.

    `tilt_arguments`: what each project, by its key, lets through to tilt, as patterns. `programs`: what is installed where it is not there.
    """

    domain: str
    scheme: str = "https"
    ingress: str = "{service}.localhost"
    ingress_port: int = 8080
    tilt_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    programs: Programs = field(default_factory=dict)

    def url(self, label: str) -> str:
        return f"{self.scheme}://{label}.{self.domain}"


def given(host: Host, spec: Spec, code_url: str, proof: str) -> dict[str, str]:
    """Files by name. What people and branches said is in them and nowhere else. Raises NotAllowed for words of tilt's."""
    allowed = host.tilt_arguments.get(spec.source.project, ())
    hosts = {label(spec, each.name): host.ingress.format(service=each.name) for each in spec.services}
    machine = instance.Machine(spec.slug, host.domain, hosts, host.ingress_port, proof)
    return {
        "tilt.json": json.dumps(words(spec.tilt_arguments, allowed)),
        "dynamic.yaml": json.dumps(instance.dynamic(machine), indent=2, sort_keys=True) + "\n",
        "code.url": code_url,
    }

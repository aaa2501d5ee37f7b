"""An address outside the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lightkube.models.networking_v1 import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    IngressBackend,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTLS,
    ServiceBackendPort,
)

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes.objects import checked_name, item_of
from libdeploy.target import Target

_HOST = re.compile(r"(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True)
class Ingress:
    host: str
    service: str
    path: str
    tls_secret: str
    class_name: str

    def items(self, target: Target) -> Iterable[Item]:
        if not _HOST.fullmatch(self.host) or len(self.host) > 253:
            raise DeployError(f"{self.host!r} is no host name.", "bad_host")
        if not self.path.startswith("/"):
            raise DeployError(f"{self.host}: the path {self.path!r} begins with no /.", "bad_path")
        backend = IngressBackend(service=IngressServiceBackend(name=checked_name(self.service), port=ServiceBackendPort(name="main")))
        path = HTTPIngressPath(path=self.path, pathType="Prefix", backend=backend)
        spec = IngressSpec(
            ingressClassName=self.class_name or None,
            rules=[IngressRule(host=self.host, http=HTTPIngressRuleValue(paths=[path]))],
            tls=[IngressTLS(hosts=[self.host], secretName=checked_name(self.tls_secret))] if self.tls_secret else None,
        )
        yield item_of(target, self.service, {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": spec.to_dict()})


def ingress(host: str, service: str, *, path: str = "/", tls_secret: str = "", class_name: str = "") -> Ingress:
    """Requests to `host` below `path` go to the service of that name. `tls_secret` names the Secret with the certificate."""
    return Ingress(host, service, path, tls_secret, class_name)

"""Which kinds are looked at, and under which name the API server keeps each."""

from __future__ import annotations

import functools

from lightkube.generic_resource import GenericNamespacedResource, create_api_info

LOOKED_AT = (
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
)
"""API versions and kinds of what may be there although nothing of that kind is wanted now. No Secrets: who deploys need not read them."""


def plural_of(kind: str) -> str:
    """How the API server calls many of them: `Ingress` is `ingresses`, `NetworkPolicy` is `networkpolicies`, `Gateway` is `gateways`."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in set("aeiou"):
        return f"{name[:-1]}ies"
    return f"{name}s"


@functools.cache
def resource_of(api_version: str, kind: str) -> type[GenericNamespacedResource]:
    """For lightkube's client: objects as dicts, so that no field is lost that its models do not know."""
    group, _, version = api_version.rpartition("/")
    return type(kind, (GenericNamespacedResource,), {"_api_info": create_api_info(group, version, kind, plural_of(kind))})

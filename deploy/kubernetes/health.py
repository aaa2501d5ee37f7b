"""Whether runs can be made in a cluster, and what is missing for that: for `trellis doctor`."""

from __future__ import annotations

import asyncio

from deploy.kubernetes.api import Api
from deploy.kubernetes.settings import KubernetesSettings

_ACCOUNTS = "/api/v1/namespaces/{}/serviceaccounts"
_NEEDED = {
    ("batch", "jobs"): ("create", "get", "list", "patch", "delete"),
    ("", "secrets"): ("create", "get", "delete"),
    ("", "pods"): ("list",),
    ("", "pods/log"): ("get",),
}


async def problems(api: Api, settings: KubernetesSettings) -> tuple[str, ...]:
    """What has to be put right, a sentence each. Raises RunnerUnavailable when the API server cannot be asked."""
    if not await api.is_there("/api/v1/namespaces/{}"):
        return (f"there is no namespace {settings.namespace}",)
    asked = [(verb, group, resource) for (group, resource), verbs in _NEEDED.items() for verb in verbs]
    allowed = await asyncio.gather(*(api.may(*each) for each in asked))
    denied = [f"{verb} {resource}" for (verb, _, resource), may in zip(asked, allowed, strict=True) if not may]
    accounts = [each for each in (settings.account, settings.planner) if not await api.is_there(f"{_ACCOUNTS}/{each}")]
    found = [f"Trellis may not {', '.join(denied)} in {settings.namespace}"] if denied else []
    return (*found, *(f"there is no service account {each} in {settings.namespace}" for each in accounts))

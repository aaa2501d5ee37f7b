"""Objects in one namespace of a Kubernetes cluster, by server-side apply: what is rendered is ours, what others add is theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes import health
from libdeploy.kubernetes.cluster import Body, Cluster
from libdeploy.kubernetes.kinds import LOOKED_AT
from libdeploy.kubernetes.objects import ENVIRONMENT, SERVICE
from libdeploy.kubernetes.observed import observed
from libdeploy.target import Target

_LOOK_S = 1.0


class KubernetesDriver:
    """For one target. `items` are those that may be wanted: their kinds are looked at too. `clock` and `pause` are in seconds."""

    name = "kubernetes"

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        items: Iterable[Item] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._cluster = cluster
        self._service = target.service
        self._environment = target.environment.name
        self._kinds = sorted({*LOOKED_AT, *((item.body["apiVersion"], item.body["kind"]) for item in items if item.driver == self.name)})
        self._clock = clock
        self._pause = pause

    def observe(self, service: str, environment: str) -> Mapping[str, Mapping[str, Any]]:
        found = {}
        for api_version, kind in self._kinds:
            for body in self._cluster.list(api_version, kind, {SERVICE: service, ENVIRONMENT: environment}):
                metadata = body["metadata"]
                if not metadata.get("ownerReferences") and not metadata.get("deletionTimestamp"):
                    found[f"{api_version}/{kind}/{self._cluster.namespace}/{metadata['name']}"] = observed(body)
        return found

    def check(self, item: Item) -> None:
        """A dry run by the API server itself."""
        self._check_place(item)
        self._there(item.key)
        self._cluster.apply(item.body, is_dry=True)

    def put(self, item: Item) -> None:
        self._check_place(item)
        self._there(item.key)
        if self._cluster.apply(item.body)["metadata"].get("deletionTimestamp"):
            raise DeployError(f"{item.key} is being deleted. Deploy again when it is gone.", "being_deleted")

    def remove(self, key: str) -> None:
        """What no longer bears our labels is somebody else's by now, and stays."""
        api_version, kind, _, name = key.rsplit("/", 3)
        body = self._cluster.get(api_version, kind, name)
        if body is not None and self._owner(body) == (self._service, self._environment):
            self._cluster.delete(api_version, kind, name)

    def wait(self, items: Iterable[Item], within_s: float) -> None:
        end = self._clock() + within_s
        left = {item.key: "nobody has answered" for item in items if health.can_be_sick(item.body["kind"])}
        while left:
            left = {key: lacks for key, was in left.items() if (lacks := self._look(key, was))}
            if left and self._clock() >= end:
                self._give_up(left, within_s)
            if left:
                self._pause(_LOOK_S)

    def _look(self, key: str, was: str) -> str:
        """What it lacks; as before while the API server does not answer."""
        try:
            body = self._there(key)
            lacks = health.lacking(self._cluster, body) if body else ""
        except DeployError as error:
            if error.code == "unreachable":
                return was
            raise
        if body is None:
            raise DeployError(f"{key} was taken away by somebody.", "unhealthy")
        if health.has_ended(lacks):
            raise DeployError(health.why(self._cluster, body, lacks), "unhealthy")
        return lacks

    def _give_up(self, left: Mapping[str, str], within_s: float) -> None:
        sentences = []
        for key, lacks in left.items():
            body = self._there(key)
            sentences.append(health.why(self._cluster, body, lacks) if body else f"{key} is not there.")
        raise DeployError(f"Not healthy after {within_s:.0f} seconds. " + "\n".join(sentences), "unhealthy")

    def _there(self, key: str) -> Body | None:
        """Raises DeployError `taken` when it is another service's."""
        api_version, kind, _, name = key.rsplit("/", 3)
        body = self._cluster.get(api_version, kind, name)
        if body is not None and self._owner(body) not in {("", ""), (self._service, self._environment)}:
            service, environment = self._owner(body)
            raise DeployError(f"{kind} {name} belongs to {service} in {environment}. Give yours another name.", "taken")
        return {**body, "apiVersion": api_version, "kind": kind} if body is not None else None

    def _owner(self, body: Body) -> tuple[str, str]:
        labels = body["metadata"].get("labels") or {}
        return labels.get(SERVICE, ""), labels.get(ENVIRONMENT, "")

    def _check_place(self, item: Item) -> None:
        if item.body["metadata"]["namespace"] != self._cluster.namespace:
            raise DeployError(f"{item.key} is for another namespace than the target's, {self._cluster.namespace}.", "other_namespace")

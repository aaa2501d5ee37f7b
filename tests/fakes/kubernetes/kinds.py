"""The kinds that are served, and how the schema says that lists and maps are merged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    group: str
    version: str
    kind: str
    plural: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def prefix(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def resource(self) -> str:
        """As messages name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def title(self) -> str:
        """As messages of what is invalid name it: `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


KINDS = tuple(
    Kind(*row.split(","))
    for row in (
        ",v1,ConfigMap,configmaps",
        ",v1,PersistentVolumeClaim,persistentvolumeclaims",
        ",v1,Pod,pods",
        ",v1,Secret,secrets",
        ",v1,Service,services",
        ",v1,ServiceAccount,serviceaccounts",
        "apps,v1,DaemonSet,daemonsets",
        "apps,v1,Deployment,deployments",
        "apps,v1,ReplicaSet,replicasets",
        "apps,v1,StatefulSet,statefulsets",
        "autoscaling,v2,HorizontalPodAutoscaler,horizontalpodautoscalers",
        "batch,v1,CronJob,cronjobs",
        "batch,v1,Job,jobs",
        "networking.k8s.io,v1,Ingress,ingresses",
        "networking.k8s.io,v1,NetworkPolicy,networkpolicies",
        "policy,v1,PodDisruptionBudget,poddisruptionbudgets",
        "rbac.authorization.k8s.io,v1,Role,roles",
        "rbac.authorization.k8s.io,v1,RoleBinding,rolebindings",
        "stable.example.com,v1,Gateway,gateways",
    )
)
BY_KIND = {each.kind: each for each in KINDS}

ATOMIC = frozenset(
    {"selector", "labelSelector", "podSelector", "namespaceSelector", "nodeSelector", "fieldRef", "secretRef", "configMapRef"}
)
"""Maps that have one owner (x-kubernetes-map-type: atomic)."""

_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
}


def list_keys(at: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of the items of a list whose items are merged; () for one that has one owner."""
    if at[-1] == "ports":
        return ("containerPort", "protocol") if "containers" in at else ("port", "protocol")
    return _KEYS.get(at[-1], ())

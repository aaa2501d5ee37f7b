"""What runs all the time: with its address inside the cluster, and a budget that keeps some of it up while hosts are emptied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightkube.models.apps_v1 import (
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
    StatefulSetSpec,
)
from lightkube.models.core_v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PodTemplateSpec,
    ServicePort,
    ServiceSpec,
    VolumeResourceRequirements,
)
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.models.policy_v1 import PodDisruptionBudgetSpec

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes.config import ConfigFiles
from libdeploy.kubernetes.objects import checked_name, checked_port, item_of, labels_of, quantity, selector_of
from libdeploy.kubernetes.pod import Disk, PodWish, Resources, Volume, annotations_of, pod
from libdeploy.target import Target

_HISTORY = 3
_PROGRESS_S = 300


@dataclass(frozen=True)
class Service:
    """`volume` None: replicas are alike and keep nothing."""

    name: str
    wish: PodWish
    replicas: int
    volume: Volume | None = None

    def items(self, target: Target) -> Iterable[Item]:
        checked_name(self.name)
        if self.replicas < 0:
            raise DeployError(f"{self.name}: {self.replicas} replicas cannot be.", "bad_replicas")
        if self.wish.port is not None:
            yield self._item(target, "v1", "Service", self._address(target, self.wish.port))
        if self.volume is None:
            yield self._item(target, "apps/v1", "Deployment", self._deployment(target))
        else:
            yield self._item(target, "apps/v1", "StatefulSet", self._stateful_set(target, self.volume))
        if self.replicas > 1:
            budget = PodDisruptionBudgetSpec(maxUnavailable=1, selector=self._selector(target))
            yield self._item(target, "policy/v1", "PodDisruptionBudget", budget.to_dict())

    def _item(self, target: Target, version: str, kind: str, spec: dict[str, object]) -> Item:
        return item_of(target, self.name, {"apiVersion": version, "kind": kind, "spec": spec})

    def _selector(self, target: Target) -> LabelSelector:
        return LabelSelector(matchLabels=selector_of(target, self.name))

    def _address(self, target: Target, number: int) -> dict[str, object]:
        port = ServicePort(name="main", port=checked_port(number), targetPort="main", protocol="TCP")
        spec = ServiceSpec(selector=selector_of(target, self.name), ports=[port])
        if self.volume is not None:
            spec.clusterIP = "None"  # each replica has a name of its own
        return dict(spec.to_dict())

    def _template(self, target: Target) -> PodTemplateSpec:
        metadata = ObjectMeta(labels=labels_of(target, self.name), annotations=annotations_of(self.wish))
        return PodTemplateSpec(metadata=metadata, spec=pod(target, self.name, self.wish, is_service=True, volume=self.volume))

    def _deployment(self, target: Target) -> dict[str, object]:
        spec = DeploymentSpec(
            replicas=self.replicas,
            selector=self._selector(target),
            template=self._template(target),
            strategy=DeploymentStrategy(type="RollingUpdate", rollingUpdate=RollingUpdateDeployment(maxUnavailable=0, maxSurge=1)),
            revisionHistoryLimit=_HISTORY,
            progressDeadlineSeconds=_PROGRESS_S,
        )
        return dict(spec.to_dict())

    def _stateful_set(self, target: Target, volume: Volume) -> dict[str, object]:
        if not volume.path.startswith("/"):
            raise DeployError(f"{self.name}: the volume's path {volume.path!r} begins with no /.", "bad_volume")
        claim = PersistentVolumeClaim(
            metadata=ObjectMeta(name="data"),
            spec=PersistentVolumeClaimSpec(
                accessModes=["ReadWriteOnce"],
                resources=VolumeResourceRequirements(requests={"storage": quantity(volume.size)}),
                storageClassName=volume.storage_class or None,
            ),
        )
        spec = StatefulSetSpec(
            replicas=self.replicas,
            serviceName=self.name,
            selector=self._selector(target),
            template=self._template(target),
            volumeClaimTemplates=[claim],
            revisionHistoryLimit=_HISTORY,
        )
        return dict(spec.to_dict())


def stateless_service(
    name: str,
    *,
    port: int | None = None,
    health: str = "",
    replicas: int = 2,
    image: str = "",
    command: Sequence[str] = (),
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    configs: Sequence[str | ConfigFiles] = (),
    secrets: Sequence[str] = (),
    resources: Resources = Resources(),  # noqa: B008 - frozen
    service_account: str = "",
    user: int = 10001,
    stop_within_s: int = 30,
    first: Sequence[str] = (),
    disks: Sequence[Disk] = (),
    beside: str = "",
) -> Service:
    """Replicas that are alike and keep nothing: a Deployment, its Service when there is a `port`, a disruption budget.

    `image` "" is the artifact. `health` is a path on `port`; without one, taking connections is health. The keys of `configs` and `secrets`
    become environment variables: a ConfigMap by its name, or `config(…)` itself, whose changes then start pods anew; Secrets by name. It
    runs without root, with a root file system that nobody writes to (/tmp can be), and without a token of the API server unless
    `service_account` is named. `first` is a command that runs to its end in each pod before it begins. It runs only where the service
    `beside` of this deployment runs: what shares one of its `disks` has to.
    """
    wish = PodWish(
        image, port, health, tuple(command), tuple(arguments), dict(environment or {}), tuple(secrets), tuple(configs),
        resources, service_account, user, stop_within_s, tuple(first), tuple(disks), beside,
    )  # fmt: skip
    return Service(name, wish, replicas)


def stateful_service(
    name: str,
    *,
    volume: Volume = Volume(),  # noqa: B008 - frozen
    port: int | None = None,
    health: str = "",
    replicas: int = 1,
    image: str = "",
    command: Sequence[str] = (),
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    configs: Sequence[str | ConfigFiles] = (),
    secrets: Sequence[str] = (),
    resources: Resources = Resources(),  # noqa: B008 - frozen
    service_account: str = "",
    user: int = 10001,
    stop_within_s: int = 60,
    first: Sequence[str] = (),
) -> Service:
    """Replicas that have a name and a disk each: a StatefulSet with a headless Service, a disruption budget when there are several.

    Disks stay when the service goes: who wants them gone says so to Kubernetes. The rest is as in `stateless_service`. Raises, when
    rendered, DeployError `no_port` without a `port`.
    """
    if port is None:
        raise DeployError(f"{name}: a stateful service needs a port=…, its replicas are found by name.", "no_port")
    wish = PodWish(
        image, port, health, tuple(command), tuple(arguments), dict(environment or {}), tuple(secrets), tuple(configs),
        resources, service_account, user, stop_within_s, tuple(first),
    )  # fmt: skip
    return Service(name, wish, replicas, volume)

"""A pod as we want pods: no root, nothing to write but /tmp, probes, limits, and no credentials it does not need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

from lightkube.models.core_v1 import (
    Affinity,
    Capabilities,
    ConfigMapEnvSource,
    Container,
    ContainerPort,
    EmptyDirVolumeSource,
    EnvFromSource,
    EnvVar,
    HTTPGetAction,
    PersistentVolumeClaimVolumeSource,
    PodAffinity,
    PodAffinityTerm,
    PodSecurityContext,
    PodSpec,
    Probe,
    ResourceRequirements,
    SeccompProfile,
    SecretEnvSource,
    SecurityContext,
    TCPSocketAction,
    TopologySpreadConstraint,
    VolumeMount,
)
from lightkube.models.core_v1 import Volume as PodVolume
from lightkube.models.meta_v1 import LabelSelector

from libdeploy.canonical import digest
from libdeploy.errors import DeployError
from libdeploy.kubernetes.config import ConfigFiles
from libdeploy.kubernetes.objects import checked_name, checked_port, quantity, selector_of
from libdeploy.target import Target

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USER = 10001
CONFIGS = "libdeploy.dev/configs"
"""Annotation of a pod: the digest of the configuration that it begins with."""


@dataclass(frozen=True)
class Resources:
    """What a container asks for. `memory` is its limit too: beyond it, it is killed. `cpu_limit` "" is none: it may use what is free."""

    cpu: str = "100m"
    memory: str = "128Mi"
    cpu_limit: str = ""


@dataclass(frozen=True)
class Volume:
    """A disk of its own for each replica, kept when the pod goes. `storage_class` "" is the cluster's default."""

    path: str = "/data"
    size: str = "10Gi"
    storage_class: str = ""


@dataclass(frozen=True)
class Disk:
    """One that is there: the claim of a replica of a stateful service is `data-NAME-NUMBER`. Several share it only on one host."""

    claim: str
    path: str = "/data"


@dataclass(frozen=True)
class PodWish:
    """What owners may say of a pod."""

    image: str = ""
    port: int | None = None
    health: str = ""
    command: Sequence[str] = ()
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    configs: Sequence[str | ConfigFiles] = ()
    resources: Resources = Resources()
    service_account: str = ""
    user: int = _USER
    stop_within_s: int = 30
    first: Sequence[str] = ()
    disks: Sequence[Disk] = ()
    beside: str = ""


def pod(target: Target, name: str, wish: PodWish, *, is_service: bool, volume: Volume | None = None) -> PodSpec:
    """`is_service`: it runs all the time, is spread over hosts and probed. Raises DeployError for what Kubernetes would refuse."""
    if wish.user == 0:
        raise DeployError(f"{name}: user=0 is root. Let the image run as another user.", "root")
    container = _container(target, name, wish, is_service=is_service, volume=volume)
    return PodSpec(
        initContainers=[_first(container, wish.first)] if wish.first else None,
        containers=[container],
        automountServiceAccountToken=bool(wish.service_account),
        serviceAccountName=checked_name(wish.service_account) if wish.service_account else None,
        restartPolicy="Always" if is_service else "Never",
        terminationGracePeriodSeconds=wish.stop_within_s,
        securityContext=PodSecurityContext(
            runAsNonRoot=True,
            runAsUser=wish.user,
            runAsGroup=wish.user,
            fsGroup=wish.user,
            seccompProfile=SeccompProfile(type="RuntimeDefault"),
        ),
        topologySpreadConstraints=[_spread(target, name)] if is_service and not wish.beside else None,
        affinity=_beside(target, checked_name(wish.beside)) if wish.beside else None,
        volumes=[PodVolume(name="tmp", emptyDir=EmptyDirVolumeSource()), *(_disk(each) for each in wish.disks)],
    )


def _first(container: Container, command: Sequence[str]) -> Container:
    """Runs to its end in each pod before it begins: the same image, variables and disks."""
    first = copy(container)
    first.name, first.command, first.args, first.ports = f"{container.name[:56]}-first", list(command), None, None
    first.startupProbe = first.readinessProbe = first.livenessProbe = None
    return first


def _disk(disk: Disk) -> PodVolume:
    source = PersistentVolumeClaimVolumeSource(claimName=checked_name(disk.claim))
    return PodVolume(name=_name_of(disk), persistentVolumeClaim=source)


def _name_of(disk: Disk) -> str:
    return f"disk-{digest(disk.claim)[:8]}"


def _beside(target: Target, other: str) -> Affinity:
    selector = LabelSelector(matchLabels=selector_of(target, other))
    term = PodAffinityTerm(topologyKey="kubernetes.io/hostname", labelSelector=selector)
    return Affinity(podAffinity=PodAffinity(requiredDuringSchedulingIgnoredDuringExecution=[term]))


def annotations_of(wish: PodWish) -> dict[str, str] | None:
    """A pod reads its variables once, when it begins: so what is in them is written on it, and another value is another pod."""
    there = {each.name: dict(each.values) for each in wish.configs if isinstance(each, ConfigFiles)}
    return {CONFIGS: digest(there)} if there else None


def _container(target: Target, name: str, wish: PodWish, *, is_service: bool, volume: Volume | None) -> Container:
    mounts = [VolumeMount(name="tmp", mountPath="/tmp")]  # noqa: S108 - the container's own
    if volume:
        mounts.append(VolumeMount(name="data", mountPath=volume.path))
    for disk in wish.disks:
        if not disk.path.startswith("/"):
            raise DeployError(f"{name}: the disk's path {disk.path!r} begins with no /.", "bad_volume")
        mounts.append(VolumeMount(name=_name_of(disk), mountPath=disk.path))
    startup, readiness, liveness = _probes(name, wish) if is_service else (None, None, None)
    limits = {"memory": quantity(wish.resources.memory)}
    if wish.resources.cpu_limit:
        limits["cpu"] = quantity(wish.resources.cpu_limit)
    return Container(
        name=name,
        image=wish.image or target.artifact.image,
        imagePullPolicy="IfNotPresent",
        command=list(wish.command) or None,
        args=list(wish.arguments) or None,
        env=[_variable(name, *each) for each in sorted(wish.environment.items())] or None,
        envFrom=_sources(wish) or None,
        ports=[ContainerPort(containerPort=checked_port(wish.port), name="main", protocol="TCP")] if wish.port is not None else None,
        resources=ResourceRequirements(
            requests={"cpu": quantity(wish.resources.cpu), "memory": quantity(wish.resources.memory)}, limits=limits
        ),
        securityContext=SecurityContext(
            allowPrivilegeEscalation=False, readOnlyRootFilesystem=True, capabilities=Capabilities(drop=["ALL"])
        ),
        volumeMounts=mounts,
        startupProbe=startup,
        readinessProbe=readiness,
        livenessProbe=liveness,
    )


def _sources(wish: PodWish) -> list[EnvFromSource]:
    names = [each.name if isinstance(each, ConfigFiles) else each for each in wish.configs]
    configs = [EnvFromSource(configMapRef=ConfigMapEnvSource(name=checked_name(each))) for each in names]
    return [*configs, *(EnvFromSource(secretRef=SecretEnvSource(name=checked_name(each))) for each in wish.secrets)]


def _variable(name: str, variable: str, value: object) -> EnvVar:
    if not _VARIABLE.fullmatch(variable):
        raise DeployError(f"{name}: {variable!r} is no name of an environment variable.", "bad_variable")
    if not isinstance(value, str):
        raise DeployError(f"{name}: the environment variable {variable} is {value!r}, not text.", "bad_variable")
    return EnvVar(name=variable, value=value)


def _probes(name: str, wish: PodWish) -> tuple[Probe | None, Probe | None, Probe | None]:
    """For the start, for taking requests, for living on.

    Two minutes to start; out of the balance after 15 s of sickness, started again after 30 s.
    """
    if wish.port is None:
        if wish.health:
            raise DeployError(f"{name}: health={wish.health!r} needs a port=….", "bad_port")
        return None, None, None
    if wish.health and not wish.health.startswith("/"):
        raise DeployError(f"{name}: health={wish.health!r} is a path and begins with /.", "bad_health")
    get = HTTPGetAction(path=wish.health, port="main") if wish.health else None
    connect = None if wish.health else TCPSocketAction(port="main")

    def probe(period_s: int, failures: int, timeout_s: int) -> Probe:
        return Probe(httpGet=get, tcpSocket=connect, periodSeconds=period_s, failureThreshold=failures, timeoutSeconds=timeout_s)

    return probe(2, 60, 2), probe(5, 3, 2), probe(10, 3, 5)


def _spread(target: Target, name: str) -> TopologySpreadConstraint:
    return TopologySpreadConstraint(
        maxSkew=1,
        topologyKey="kubernetes.io/hostname",
        whenUnsatisfiable="ScheduleAnyway",
        labelSelector=LabelSelector(matchLabels=selector_of(target, name)),
    )

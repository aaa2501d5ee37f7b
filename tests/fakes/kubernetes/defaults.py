"""What the API server fills in where nothing was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Body = dict[str, Any]


def _set(body: Body, **defaults: Any) -> None:
    for name, value in defaults.items():
        body.setdefault(name, value)


def _pod(spec: Body) -> None:
    _set(spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler", terminationGracePeriodSeconds=30)
    _set(spec, securityContext={})
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        _set(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
        _set(container, imagePullPolicy="Always" if container.get("image", "").endswith(":latest") else "IfNotPresent")
        for port in container.get("ports", []):
            _set(port, protocol="TCP")
        for name in ("livenessProbe", "readinessProbe", "startupProbe"):
            if name in container:
                _probe(container[name])


def _probe(probe: Body) -> None:
    _set(probe, failureThreshold=3, periodSeconds=10, successThreshold=1, timeoutSeconds=1)
    if "httpGet" in probe:
        _set(probe["httpGet"], scheme="HTTP", path="/")


def _deployment(body: Body) -> None:
    spec = body["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _set(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _set(spec["strategy"], rollingUpdate={})
        _set(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    _pod(spec["template"].setdefault("spec", {}))


def _stateful_set(body: Body) -> None:
    spec = body["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady", updateStrategy={})
    _set(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    _set(spec["updateStrategy"], type="RollingUpdate", rollingUpdate={"partition": 0})
    for claim in spec.get("volumeClaimTemplates", []):
        _set(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _set(claim["spec"], volumeMode="Filesystem")
    _pod(spec["template"].setdefault("spec", {}))


def _daemon_set(body: Body) -> None:
    _set(body["spec"], revisionHistoryLimit=10, updateStrategy={"type": "RollingUpdate"})
    _pod(body["spec"]["template"].setdefault("spec", {}))


def _job(body: Body) -> None:
    spec, name, uid = body["spec"], body["metadata"]["name"], body["metadata"]["uid"]
    _job_spec(spec)
    _set(spec, suspend=False, selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("batch.kubernetes.io/", ""):
        labels.update({f"{prefix}controller-uid": uid, f"{prefix}job-name": name})


def _job_spec(spec: Body) -> None:
    _set(spec, parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed", podReplacementPolicy="TerminatingOrFailed")
    _pod(spec["template"].setdefault("spec", {}))


def _cron_job(body: Body) -> None:
    spec = body["spec"]
    _set(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    _pod(spec["jobTemplate"]["spec"]["template"].setdefault("spec", {}))


def _service(body: Body) -> None:
    spec = body["spec"]
    address = f"10.96.0.{int(body['metadata']['uid'][-4:], 16) % 250 + 1}"
    _set(spec, clusterIP=address, sessionAffinity="None", type="ClusterIP", internalTrafficPolicy="Cluster")
    _set(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in spec.get("ports", []):
        _set(port, protocol="TCP", targetPort=port.get("port"))


def _policy(body: Body) -> None:
    _set(body["spec"], policyTypes=["Ingress", "Egress"] if "egress" in body["spec"] else ["Ingress"])


def _autoscaler(body: Body) -> None:
    _set(body["spec"], minReplicas=1)


_BY_KIND: dict[str, Callable[[Body], None]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "NetworkPolicy": _policy,
    "HorizontalPodAutoscaler": _autoscaler,
}


def fill(body: Body) -> None:
    """In place."""
    if body["kind"] in _BY_KIND:
        _BY_KIND[body["kind"]](body)

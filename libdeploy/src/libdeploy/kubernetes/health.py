"""Whether what was applied runs: rolled out, or run to its end, and otherwise why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from libdeploy.errors import DeployError
from libdeploy.kubernetes.cluster import Body, Cluster

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "controller-revision-hash"
_STUCK = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
_CRASHES = 2
"""A first one may be for want of something that comes a little later."""
_LINES = 20


def lacking(cluster: Cluster, body: Body) -> str:
    """What is not yet as it is to be, as a sentence; "" when it is healthy. Raises DeployError `unhealthy` when it will not become so."""
    state = _STATES.get(body["kind"])
    if state is None:
        return ""
    lacks = state(body)
    if lacks:
        for pod in _pods(cluster, body):
            _look(cluster, body, pod)
        _unblock(cluster, body)
    return lacks


def _unblock(cluster: Cluster, body: Body) -> None:
    """Delete the sick pods that an earlier StatefulSet left: its controller replaces none while one is sick.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    if body["kind"] != "StatefulSet" or not _is_seen(body):
        return
    for pod in cluster.list("v1", "Pod", body["spec"]["selector"].get("matchLabels") or {}):
        is_old = pod["metadata"].get("labels", {}).get(_HASH) != body["status"].get("updateRevision")
        if is_old and _owner(pod) == body["metadata"]["uid"] and any(_is_stuck(each) for each in _containers(pod)):
            cluster.delete("v1", "Pod", pod["metadata"]["name"])


def can_be_sick(kind: str) -> bool:
    return kind in _STATES


def _deployment(body: Body) -> str:
    status = body.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded" and _is_seen(body):
            return _LATE
    return _counted(body, ("updatedReplicas", "updated"), ("availableReplicas", "available")) or _surplus(body)


def _surplus(body: Body) -> str:
    status = body.get("status") or {}
    more = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return f"{more} old replicas have not ended" if more > 0 else ""


def _stateful_set(body: Body) -> str:
    status = body.get("status") or {}
    ready = ("availableReplicas", "available") if "availableReplicas" in status else ("readyReplicas", "ready")  # before 1.22
    if (body["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return _counted(body, ready)
    return _counted(body, ("updatedReplicas", "updated"), ready)


def _daemon_set(body: Body) -> str:
    status = body.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    if not _is_seen(body):
        return _UNSEEN
    found: int = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))
    return f"{found} of {wanted} are updated and available" if found < wanted else ""


def _job(body: Body) -> str:
    for condition in (body.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition["type"] == "Complete":
            return ""
        if condition.get("status") == "True" and condition["type"] == "Failed":
            return f"{_FAILED}{condition.get('reason', '')}: {condition.get('message', '')}"
    return "it has not ended"


def _is_seen(body: Body) -> bool:
    """Whether the controller has looked at it since it was changed."""
    seen: int = (body.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= body["metadata"].get("generation", 0))


def _counted(body: Body, *counts: tuple[str, str]) -> str:
    if not _is_seen(body):
        return _UNSEEN
    wanted = body["spec"].get("replicas", 1)
    for name, called in counts:
        found = (body.get("status") or {}).get(name, 0)
        if found < wanted:
            return f"{found} of {wanted} replicas are {called}"
    return ""


_UNSEEN = "its controller has not looked at it"
_LATE = "it has made no progress for longer than it may (ProgressDeadlineExceeded)"
_FAILED = "it has failed. "

_STATES: Mapping[str, Callable[[Body], str]] = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "Job": _job,
    "StatefulSet": _stateful_set,
}


def has_ended(lacks: str) -> bool:
    """Whether it will stay as it is."""
    return lacks == _LATE or lacks.startswith(_FAILED)


def _pods(cluster: Cluster, body: Body) -> Iterator[Body]:
    """Those of what is wanted now: one that was sick before is no sign. None when they are not ours to read."""
    try:
        yield from _pods_of(cluster, body)
    except DeployError as error:
        if error.code != "not_allowed":
            raise


def _pods_of(cluster: Cluster, body: Body) -> Iterator[Body]:
    if body["kind"] == "Job":
        yield from cluster.list("v1", "Pod", {"job-name": body["metadata"]["name"]})
        return
    labels = body["spec"]["selector"].get("matchLabels") or {}
    if not _is_seen(body) or not labels:
        return
    if body["kind"] == "Deployment":
        for each in cluster.list("apps/v1", "ReplicaSet", labels):
            metadata = each["metadata"]
            if _owner(each) == body["metadata"]["uid"] and _revision(each) == _revision(body):
                found = cluster.list("v1", "Pod", {**labels, "pod-template-hash": metadata["labels"]["pod-template-hash"]})
                yield from (pod for pod in found if _owner(pod) == metadata["uid"])
    elif body["kind"] == "StatefulSet":
        found = cluster.list("v1", "Pod", {**labels, _HASH: body["status"].get("updateRevision", "")})
        yield from (pod for pod in found if _owner(pod) == body["metadata"]["uid"])


def _owner(body: Body) -> str:
    return str((body["metadata"].get("ownerReferences") or [{}])[0].get("uid", ""))


def _revision(body: Body) -> str:
    return str((body["metadata"].get("annotations") or {}).get(_REVISION, ""))


def _look(cluster: Cluster, body: Body, pod: Body) -> None:
    """Raises DeployError `unhealthy` when one of its containers will not run."""
    for container in _containers(pod):
        if _is_stuck(container):
            waiting = container["state"]["waiting"]
            said = _sick(cluster, pod, container, waiting["reason"], waiting.get("message", ""))
            raise DeployError(f"{_named(body)}: {said}", "unhealthy")


def _containers(pod: Body) -> Iterator[Mapping[str, Any]]:
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _is_stuck(container: Mapping[str, Any]) -> bool:
    reason = ((container.get("state") or {}).get("waiting") or {}).get("reason", "")
    return reason in _STUCK or (reason == "CrashLoopBackOff" and container.get("restartCount", 0) >= _CRASHES)


def why(cluster: Cluster, body: Body, lacks: str) -> str:
    """For one that is not healthy in the end: what lacks, and the last words of a pod that has ended badly."""
    sentence = f"{_named(body)}: {lacks.removesuffix('.')}.{_words_of_sick(cluster, body)}"
    if body["kind"] == "Job" and has_ended(lacks):
        metadata = body["metadata"]
        again = f"kubectl delete job {metadata['name']} --namespace {metadata['namespace']}"
        return f"{sentence}\nIt does not run again by itself: {again}"
    return sentence


def _words_of_sick(cluster: Cluster, body: Body) -> str:
    for pod in _pods(cluster, body):
        for container in _containers(pod):
            state = container.get("state") or {}
            ended = state.get("terminated") or {}
            if ended.get("exitCode") or state.get("waiting"):
                reason = ended.get("reason") or (state.get("waiting") or {}).get("reason", "")
                said = ended.get("message") or (state.get("waiting") or {}).get("message", "")
                return f" {_sick(cluster, pod, container, reason, said)}"
    return ""


def _sick(cluster: Cluster, pod: Body, container: Mapping[str, Any], reason: str, message: str) -> str:
    ended = ((container.get("state") or {}).get("terminated")) or ((container.get("lastState") or {}).get("terminated")) or {}
    code = f", exit code {ended['exitCode']}" if "exitCode" in ended else ""
    killed = f" ({ended['reason']})" if ended.get("reason") not in {None, "Error", "Completed", reason} else ""
    name = pod["metadata"]["name"]
    said = f"The pod {name} is in {reason}{code}{killed}{f': {message}' if message else '.'}"
    words = cluster.last_words(name, container["name"], _LINES)
    return f"{said}\nIts last words:\n{words}" if words else said


def _named(body: Body) -> str:
    return f"{body['kind']} {body['metadata']['name']}"

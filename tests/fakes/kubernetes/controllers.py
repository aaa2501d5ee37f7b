"""What the controllers do, a step at a time: pods come, become ready or sick, and jobs end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.kubernetes import jobs
from tests.fakes.kubernetes.objects import Body, Kept, Objects

_MANAGER = "kube-controller-manager"
_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Fault:
    """What becomes of pods. `reason` is what their container waits for; "" is nothing at all, "Error" ends a job's pod."""

    reason: str
    message: str = ""
    log: str = ""
    exit_code: int = 1
    is_beyond_deadline: bool = False


class Controllers:
    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.faults: dict[str, Fault] = {}
        self.logs: dict[str, str] = {}
        self.begun: set[str] = set()
        self.has_nodes = False
        """Whether pods are run by somebody (a kubelet) instead of here."""

    def sickens(self, mark: str, fault: Fault) -> None:
        """Pods in whose template the mark is found."""
        self.faults[mark] = fault

    def heals(self) -> None:
        self.faults.clear()

    def step(self) -> None:
        self._collect()
        for each in list(self.objects.kept.values()):
            if each.kind.kind in _CONTROLLERS:
                _CONTROLLERS[each.kind.kind](self, each)

    def _collect(self) -> None:
        """The garbage collector: what belongs to nobody any more goes, and who is to go last goes when nothing is its own."""
        there = {each.body["metadata"]["uid"]: each for each in self.objects.kept.values()}
        waited_for: set[str] = set()
        for each in list(self.objects.kept.values()):
            for owner in (each.body["metadata"].get("ownerReferences") or [])[:1]:
                is_going = (
                    "foregroundDeletion" in there[owner["uid"]].body["metadata"].get("finalizers", []) if owner["uid"] in there else True
                )
                if is_going:
                    self.remove(each)
                    waited_for.add(owner["uid"])
        for each in list(self.objects.kept.values()):
            metadata = each.body["metadata"]
            if "foregroundDeletion" in metadata.get("finalizers", []) and metadata["uid"] not in waited_for:
                self.objects.delete(each)

    def remove(self, kept: Kept) -> None:
        """A pod that runs on a node is given time, and its kubelet says when it is gone."""
        status = kept.body.get("status") or {}
        is_run = self.has_nodes and kept.kind.kind == "Pod" and kept.body["spec"].get("nodeName")
        if is_run and status.get("phase") not in {"Succeeded", "Failed"}:
            self.objects.leave(kept, kept.body["spec"]["terminationGracePeriodSeconds"])
        else:
            self.objects.delete(kept)

    def fault_of(self, template: Body) -> Fault | None:
        text = json.dumps(template)
        return next((fault for mark, fault in self.faults.items() if mark in text), None)

    def pods_of(self, owner: Kept) -> list[Kept]:
        return [
            each
            for each in self.objects.all("Pod", owner.namespace)
            if each.body["metadata"]["ownerReferences"][0]["uid"] == owner.body["metadata"]["uid"]
        ]

    def _owned(self, owner: Kept, kind: str, name: str, body: Body) -> Kept:
        reference = {
            "apiVersion": owner.kind.api_version,
            "kind": owner.kind.kind,
            "name": owner.name,
            "uid": owner.body["metadata"]["uid"],
            "controller": True,
        }
        metadata = {**body.get("metadata", {}), "name": name, "ownerReferences": [reference]}
        return self.objects.create({**body, "kind": kind, "metadata": metadata}, _MANAGER, owner.namespace)

    def begin_pod(self, owner: Kept, template: Body, number: int, labels: dict[str, str]) -> None:
        merged = {**(template.get("metadata", {}).get("labels") or {}), **labels}
        name = f"{owner.name}-{number}"
        body = {"metadata": {"labels": merged}, "spec": template["spec"], "status": {"phase": "Pending"}}
        self._owned(owner, "Pod", name, body)

    def _go_on(self, pod: Kept) -> None:
        """Ready, or as sick as its fault says."""
        fault = self.fault_of(pod.body["spec"])
        container = pod.body["spec"]["containers"][0]["name"]
        if fault is None:
            state: Body = {"name": container, "ready": True, "restartCount": 0, "state": {"running": {}}}
            status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [state]}
        else:
            status = _sick(pod, fault, container)
            self.logs[pod.name] = fault.log
        self.objects.update(pod, lambda body: body.update(status=status), _MANAGER)

    def _grow(self, owner: Kept, template: Body, wanted: int, labels: dict[str, str]) -> int:
        """One pod more or less; how many are ready."""
        pods = self.pods_of(owner)
        for pod in pods:
            self._go_on(pod)
        if len(pods) < wanted:
            self.begin_pod(owner, template, len(pods), labels)
        elif len(pods) > wanted:
            self.objects.delete(pods[-1])
        return sum(_is_ready(each) for each in pods[:wanted])

    def deployment(self, kept: Kept) -> None:
        spec = kept.body["spec"]
        digest = hashlib.sha256(json.dumps(spec["template"], sort_keys=True).encode()).hexdigest()[:10]
        new = self._replica_set(kept, digest)
        ready = self._grow(new, spec["template"], spec["replicas"], {"pod-template-hash": digest})
        updated = len(self.pods_of(new))
        old = [pod for each in self._replica_sets(kept) if each is not new for pod in self.pods_of(each)]
        if old and ready + len(old) > spec["replicas"]:
            self.objects.delete(old.pop())
        available = ready + sum(map(_is_ready, old))
        fault = self.fault_of(spec["template"])
        is_late = bool(fault and fault.is_beyond_deadline)
        name = new.name
        progressing = (
            ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
            if is_late
            else ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
            if ready == spec["replicas"]
            else ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        )
        counts = {"replicas": updated + len(old), "updatedReplicas": updated, "readyReplicas": available, "availableReplicas": available}
        status = {
            "observedGeneration": kept.body["metadata"]["generation"],
            **{key: value for key, value in counts.items() if value},
            "conditions": [
                _condition("Available", "True" if available >= spec["replicas"] else "False", "MinimumReplicasAvailable", ""),
                _condition("Progressing", *progressing),
            ],
        }
        self.says(kept, status)

    def _replica_sets(self, kept: Kept) -> list[Kept]:
        uid = kept.body["metadata"]["uid"]
        return [
            each for each in self.objects.all("ReplicaSet", kept.namespace) if each.body["metadata"]["ownerReferences"][0]["uid"] == uid
        ]

    def _replica_set(self, kept: Kept, digest: str) -> Kept:
        there = self._replica_sets(kept)
        revision = str(max((int(each.body["metadata"]["annotations"][_REVISION]) for each in there), default=0) + 1)
        name = f"{kept.name}-{digest}"
        found = next((each for each in there if each.name == name), None)
        if found is None:
            spec = kept.body["spec"]
            labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": digest}
            body = {
                "metadata": {"labels": labels, "annotations": {_REVISION: revision}},
                "spec": {"template": spec["template"], "selector": {"matchLabels": labels}},
            }
            found = self._owned(kept, "ReplicaSet", name, body)
        elif int(found.body["metadata"]["annotations"][_REVISION]) + 1 != int(revision):
            self.objects.update(found, lambda body: body["metadata"]["annotations"].update({_REVISION: revision}), _MANAGER)
        now = found.body["metadata"]["annotations"][_REVISION]
        self.objects.update(kept, lambda body: body["metadata"].setdefault("annotations", {}).update({_REVISION: now}), _MANAGER)
        return found

    def stateful_set(self, kept: Kept) -> None:
        spec = kept.body["spec"]
        revision = f"{kept.name}-{hashlib.sha256(json.dumps(spec['template'], sort_keys=True).encode()).hexdigest()[:10]}"
        label = "controller-revision-hash"
        there = self.pods_of(kept)
        old = [each for each in there if each.body["metadata"]["labels"][label] != revision]
        if old and all(map(_is_ready, there)):  # a sick one stops the rollout until somebody deletes it
            self.objects.delete(old[-1])
        ready = self._grow(kept, spec["template"], spec["replicas"], {label: revision})
        pods = self.pods_of(kept)
        updated = sum(each.body["metadata"]["labels"][label] == revision for each in pods)
        is_done = ready == updated == spec["replicas"] == len(pods)
        before = kept.body["status"].get("currentRevision", revision)
        status = {
            "observedGeneration": kept.body["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": updated,
            "currentRevision": revision if is_done else before,
            "updateRevision": revision,
        }
        self.says(kept, status)

    def daemon_set(self, kept: Kept) -> None:
        counts = dict.fromkeys(("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"), 2)
        self.says(kept, {"observedGeneration": kept.body["metadata"]["generation"], **counts})

    def job(self, kept: Kept) -> None:
        if any(each["type"] in {"Complete", "Failed"} for each in kept.body["status"].get("conditions", [])):
            return None
        if self.has_nodes:
            return jobs.step(self, kept)
        pods = self.pods_of(kept)
        if not pods:
            self.begin_pod(kept, kept.body["spec"]["template"], 0, {})
            return self.says(kept, {"active": 1, "ready": 0})
        return self._job_ends(kept, pods)

    def _job_ends(self, kept: Kept, pods: list[Kept]) -> None:
        fault = self.fault_of(kept.body["spec"]["template"])
        if fault is None:
            return self.says(
                kept, {"succeeded": 1, "conditions": [_condition("SuccessCriteriaMet", "True"), _condition("Complete", "True")]}
            )
        for pod in pods:
            self._go_on(pod)
        if fault.reason != "Error":
            return None
        failed = kept.body["status"].get("failed", 0) + 1
        if failed <= kept.body["spec"]["backoffLimit"]:
            return self.says(kept, {"active": 1, "failed": failed})
        why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        return self.says(kept, {"failed": failed, "conditions": [_condition("Failed", "True", *why)]})

    def says(self, kept: Kept, status: Body) -> None:
        self.objects.update(kept, lambda body: body.update(status=status), _MANAGER)


def _sick(pod: Kept, fault: Fault, container: str) -> Body:
    restarts = int((pod.body["status"].get("containerStatuses") or [{}])[0].get("restartCount", -1)) + 1
    ended = {"terminated": {"exitCode": fault.exit_code, "reason": "Error"}}
    if not fault.reason:
        return {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]}
    if fault.reason == "Error":
        state: Body = {"name": container, "ready": False, "restartCount": 0, "state": ended}
        return {"phase": "Failed", "containerStatuses": [state]}
    waiting = {"waiting": {"reason": fault.reason, "message": fault.message}}
    state = {"name": container, "ready": False, "restartCount": 0, "state": waiting}
    if fault.reason == "CrashLoopBackOff":
        state |= {"restartCount": restarts, "lastState": ended}
    return {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [state]}


def _is_ready(pod: Kept) -> bool:
    return {"type": "Ready", "status": "True"} in pod.body["status"].get("conditions", [])


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


_CONTROLLERS: dict[str, Callable[[Controllers, Kept], None]] = {
    "DaemonSet": Controllers.daemon_set,
    "Deployment": Controllers.deployment,
    "Job": Controllers.job,
    "StatefulSet": Controllers.stateful_set,
}

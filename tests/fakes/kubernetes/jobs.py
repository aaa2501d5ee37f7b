"""What the controller of Jobs does where pods are run by somebody: it counts them, and ends what has no time left.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.forge import iso
from tests.fakes.kubernetes.objects import Kept

if TYPE_CHECKING:
    from tests.fakes.kubernetes.controllers import Controllers

_OVER = {"Succeeded", "Failed"}


def step(controllers: Controllers, kept: Kept) -> None:
    now = controllers.objects.clock()
    spec, status = kept.body["spec"], dict(kept.body["status"])
    if kept.body["metadata"].get("deletionTimestamp") or status.get("conditions"):
        return  # it goes, or has ended
    status.setdefault("startTime", iso(now))
    pods = controllers.pods_of(kept)
    active = [each for each in pods if each.body["status"].get("phase") not in _OVER]
    failed = sum(each.body["status"].get("phase") == "Failed" for each in pods) + _vanished(controllers, kept, pods)
    succeeded = sum(each.body["status"].get("phase") == "Succeeded" for each in pods)
    late = now >= _moment(status["startTime"]) + spec.get("activeDeadlineSeconds", float("inf"))
    if late:
        for each in active:
            controllers.remove(each)
        status["conditions"] = [_ended("Failed", now, "DeadlineExceeded", "Job was active longer than specified deadline")]
    elif succeeded:
        status["conditions"] = [_ended("Complete", now)]
    elif failed > spec["backoffLimit"]:
        status["conditions"] = [_ended("Failed", now, "BackoffLimitExceeded", "Job has reached the specified backoff limit")]
    elif not active:
        controllers.begin_pod(kept, spec["template"], controllers.objects.version, {})
        controllers.begun.add(kept.body["metadata"]["uid"])
    counts = {"active": len(active), "succeeded": succeeded, "failed": failed}
    for name, count in counts.items():
        status.pop(name, None)
        if count:
            status[name] = count
    controllers.says(kept, status)


def _vanished(controllers: Controllers, kept: Kept, pods: list[Kept]) -> int:
    """A pod that somebody took away counts as one that failed."""
    return int(kept.body["metadata"]["uid"] in controllers.begun and not pods)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _ended(kind: str, now: float, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": "True", "lastTransitionTime": iso(now), "reason": reason, "message": message}

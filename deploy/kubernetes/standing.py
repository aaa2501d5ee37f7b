"""How a run stands, judged by its Job, its pods and what they said. Values only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.frames import Spoken
from deploy.kubernetes.objects import CANCELLED, TRIES
from deploy.runner import Observed, State
from deploy.said import LOG_BYTES, events_of, no_result, result_of, without_result

Body = dict[str, Any]

_FOR_GONE_S = 300.0
"""A node that is cut off keeps its pods in the books. So long after a pod had to be gone it is: its own deadline has ended it."""
_NODE = frozenset({"Evicted", "NodeAffinity", "NodeLost", "NodeShutdown", "Preempting", "Shutdown", "Terminated"})
"""Reasons that a pod gives for what its node did to it."""
_KILLED = frozenset({137, 143})


@dataclass(frozen=True)
class Look:
    """Of one run. `pod` is the newest one; there may be several when a node was emptied."""

    job: Body
    pods: Sequence[Body]

    @property
    def name(self) -> str:
        return str(self.job["metadata"]["name"])

    @property
    def pod(self) -> Body | None:
        return max(self.pods, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)

    @property
    def tries(self) -> int:
        return int((self.job["metadata"].get("annotations") or {}).get(TRIES, 1))

    @property
    def is_cancelled(self) -> bool:
        return CANCELLED in (self.job["metadata"].get("annotations") or {})

    @property
    def verdict(self) -> Body | None:
        """The Job's own word that it has ended."""
        conditions = (self.job.get("status") or {}).get("conditions") or ()
        return next((each for each in conditions if each["type"] in {"Complete", "Failed"} and each.get("status") == "True"), None)

    def is_over(self, now: float) -> bool:
        """Whether it has ended and nothing of it runs."""
        return self.verdict is not None and not any(_runs(each, now) for each in self.pods)

    def is_long_over(self, now: float) -> bool:
        """Whoever could not be asked for its log until now will not answer any more."""
        ended = (self.verdict or {}).get("lastTransitionTime")
        return ended is not None and now > _moment(ended) + _FOR_GONE_S


def _runs(pod: Body, now: float) -> bool:
    metadata, status = pod["metadata"], pod.get("status") or {}
    if status.get("phase") in {"Succeeded", "Failed"}:
        return False
    leaving = metadata.get("deletionTimestamp")
    return not (leaving and now > _moment(leaving) + _FOR_GONE_S)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def running(look: Look, spoken: Spoken) -> Observed:
    """Where it has said nothing yet, what its pod waits for."""
    events = events_of(spoken.out)
    return Observed(State.RUNNING, without_result(events), None, None, _log(spoken) or waiting(look), look.tries)


def waiting(look: Look) -> str:
    """Why its pod has not begun, as the log shows it; "" when there is nothing to tell."""
    status = (look.pod or {}).get("status") or {}
    for container in status.get("containerStatuses") or ():
        held = (container.get("state") or {}).get("waiting") or {}
        if held.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return f"The pod waits: {held['reason']}{': ' if held.get('message') else ''}{held.get('message', '')}\n"
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"No node takes the pod yet: {condition.get('message', '')}\n"
    return ""


def ended(look: Look, spoken: Spoken) -> Observed:
    """It has said how it ended."""
    end = spoken.end or {}
    events = events_of(spoken.out)
    result = result_of(events, str(end.get("how", "ended")))
    if "too_large" in end:
        made = f"What it made is {end['too_large']} bytes, which is more than a run on Kubernetes can bring back: render less."
        result = {**no_result(made), "code": "too_large"}
    elif "sentence" in end:
        result = {**no_result(str(end["sentence"])), "code": "no_artifact"}
    return Observed(State.ENDED, without_result(events), result, spoken.made, _log(spoken), look.tries)


def unsaid(look: Look, spoken: Spoken) -> Observed:
    """It is over, and nobody heard how. LOST when it was not its own doing."""
    sentence = _sentence(look)
    events = without_result(events_of(spoken.out))
    if not sentence:
        return Observed(State.LOST, events, None, None, _log(spoken), look.tries)
    return Observed(State.ENDED, events, no_result(sentence), None, _log(spoken), look.tries)


def _sentence(look: Look) -> str:
    """Why it will not end otherwise when it is started again; "" when it may."""
    if look.is_cancelled:
        return "deploy.py was killed by SIGTERM: it was cancelled."
    verdict = look.verdict or {}
    if verdict.get("reason") == "DeadlineExceeded":
        return f"deploy.py had not ended after {look.job['spec'].get('activeDeadlineSeconds')} s and was killed."
    status = (look.pod or {}).get("status") or {}
    if verdict.get("type") == "Complete" or not status or status.get("reason") in _NODE:
        return ""
    for container in status.get("containerStatuses") or ():
        stopped = (container.get("state") or {}).get("terminated") or {}
        if stopped.get("reason") == "OOMKilled":
            return "deploy.py was killed for it took more memory than a run may."
        if stopped and stopped.get("exitCode") not in _KILLED:
            said = stopped.get("message") or stopped.get("reason") or ""
            return f"The pod ended with code {stopped.get('exitCode')} before deploy.py began{f': {said}' if said else ''}."
    return ""


def _log(spoken: Spoken) -> str:
    return spoken.words[-LOG_BYTES:].decode(errors="replace")


def to_json(seen: Observed) -> bytes:
    """To be written down; without what it made, which is bytes of its own."""
    return json.dumps({"events": seen.events, "result": seen.result, "log": seen.log, "tries": seen.tries}).encode()


def from_json(data: bytes, made: bytes | None) -> Observed:
    read = json.loads(data)
    return Observed(State.ENDED, tuple(read["events"]), read["result"], made, read["log"], read["tries"])

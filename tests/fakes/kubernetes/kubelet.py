"""A small kubelet: it takes every pod of a namespace and really runs its container's command, as a process of this host.

It speaks with the API server over HTTP, the stand-in and the real one alike. Images are names only. What is mounted lies in a folder of
the pod's own; words of the command that begin with a mount's path are led there.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import psutil

NODE = "process-node"
MISSING = "/missing"
"""An image whose name holds this cannot be had."""
_LOOK_S = 0.05
_READY = {"type": "Ready", "status": "True"}
_NOTHING = ["sleep", "600"]
_MERGE = {"content-type": "application/merge-patch+json"}


@dataclass
class _Process:
    child: subprocess.Popen[bytes]
    kill_at: float | None = None
    is_told: bool = False


@dataclass
class Kubelet:
    """`log` is asked by whoever answers for the API server. It does nothing while somebody has its `turn`."""

    client: httpx2.Client
    namespace: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._processes: dict[str, _Process] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)
        for process in self._processes.values():
            _end(process.child)

    def log(self, pod: str) -> bytes | None:
        path = self.folder / pod / "log"
        return path.read_bytes() if path.exists() else None

    def running(self) -> list[str]:
        return [name for name, each in list(self._processes.items()) if each.child.poll() is None]

    def evicts(self, pod: str) -> None:
        """As a node that has no room: killed at once, and its log is gone."""
        process = self._processes[pod]
        process.is_told = True
        _end(process.child)
        (self.folder / pod / "log").unlink()
        self._says(pod, {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."})

    def _live(self) -> None:
        while not self._over.wait(_LOOK_S):
            with self.turn:
                self._turn()

    def _turn(self) -> None:
        try:
            for pod in self.client.get(self._path("pods")).json()["items"]:
                self._look(pod)
        except Exception as error:  # noqa: BLE001 - a node that is gone without a word would be waited for
            if not self._over.is_set():
                self.problems.append(repr(error))

    def _look(self, pod: dict[str, Any]) -> None:
        name, is_leaving = pod["metadata"]["name"], "deletionTimestamp" in pod["metadata"]
        process = self._processes.get(name)
        if not pod["spec"].get("nodeName"):
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
            self.client.post(self._path("pods", name, "binding"), json=body)
        elif process is None and not is_leaving and pod["status"].get("phase", "Pending") == "Pending":
            self._begin(pod)
        elif process is not None and process.child.poll() is not None:
            self._tell_end(pod, process)
        elif process is not None and is_leaving:
            self._stop(pod, process)
        if is_leaving and (process is None or process.child.poll() is not None):
            self.client.request("DELETE", self._path("pods", name), json={"gracePeriodSeconds": 0})

    def _begin(self, pod: dict[str, Any]) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        if MISSING in container["image"]:
            state = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
            self._says(name, {"phase": "Pending", "containerStatuses": [_status(container, state)]})
            return
        volumes = {each["name"]: each for each in pod["spec"].get("volumes", [])}
        mounts = {each["mountPath"]: self.folder / name / each["name"] for each in container.get("volumeMounts", [])}
        for each in container.get("volumeMounts", []):
            if not self._mount(volumes[each["name"]], mounts[each["mountPath"]]):
                state = {"waiting": {"reason": "ContainerCreating"}}
                self._says(name, {"phase": "Pending", "containerStatuses": [_status(container, state)]})
                return
        given = {each["name"]: self._value(each) for each in container.get("env", [])}
        argv = [_led(word, mounts) for word in [*container.get("command", _NOTHING), *container.get("args", [])]]
        environment = {"PATH": os.environ["PATH"], "TMPDIR": _led("/tmp", mounts), **self.environment, **given}
        with (self.folder / name / "log").open("wb") as log:
            child = subprocess.Popen(
                argv, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._processes[name] = _Process(child)
        state = {"running": {"startedAt": _now()}}
        self._says(
            name,
            {
                "phase": "Running",
                "startTime": _now(),
                "conditions": [{**_READY, "lastTransitionTime": _now()}],
                "containerStatuses": [_status(container, state, is_ready=True)],
            },
        )

    def _mount(self, volume: dict[str, Any], at: Path) -> bool:
        if "secret" in volume:
            answer = self.client.get(self._path("secrets", volume["secret"]["secretName"]))
            if answer.status_code != 200:
                return False
            at.mkdir(parents=True, exist_ok=True)
            for item in volume["secret"]["items"]:
                (at / item["path"]).write_bytes(base64.b64decode(answer.json()["data"][item["key"]]))
        at.mkdir(parents=True, exist_ok=True)
        return True

    def _value(self, variable: dict[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        named = variable["valueFrom"]["secretKeyRef"]
        data = self.client.get(self._path("secrets", named["name"])).json()["data"]
        return base64.b64decode(data[named["key"]]).decode()

    def _stop(self, pod: dict[str, Any], process: _Process) -> None:
        if process.kill_at is None:
            process.kill_at = time.monotonic() + pod["metadata"].get("deletionGracePeriodSeconds", 30)
            process.child.send_signal(signal.SIGTERM)
        elif time.monotonic() > process.kill_at:
            _end(process.child)

    def _tell_end(self, pod: dict[str, Any], process: _Process) -> None:
        if process.is_told:
            return
        process.is_told = True
        code = process.child.returncode
        code = code if code >= 0 else 128 - code
        state = {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "finishedAt": _now()}}
        self._says(
            pod["metadata"]["name"],
            {
                "phase": "Failed" if code else "Succeeded",
                "containerStatuses": [_status(pod["spec"]["containers"][0], state)],
            },
        )

    def _says(self, pod: str, status: dict[str, Any]) -> None:
        self.client.patch(self._path("pods", pod, "status"), json={"status": status}, headers=_MERGE)

    def _path(self, *parts: str) -> str:
        return "/".join(["/api/v1/namespaces", self.namespace, *parts])


def _status(container: dict[str, Any], state: dict[str, Any], *, is_ready: bool = False) -> dict[str, Any]:
    same = {"image": container["image"], "imageID": "", "restartCount": 0, "lastState": {}}
    return {**same, "name": container["name"], "ready": is_ready, "state": state}


def _led(word: str, mounts: dict[str, Path]) -> str:
    for path, at in mounts.items():
        if word == path or word.startswith(f"{path}/"):
            return f"{at}{word[len(path) :]}"
    return word


def _end(child: subprocess.Popen[bytes]) -> None:
    """All that runs in the container, as its cgroup would: what its first process started in sessions of their own too."""
    if child.poll() is not None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(child.pid)
        first.suspend()  # it begins nothing more while we look
        for each in first.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    child.kill()
    child.wait()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

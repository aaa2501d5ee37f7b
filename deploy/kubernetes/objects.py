"""A run as objects of Kubernetes: its Job, and the Secret with what it is given."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from typing import Any

from deploy.asked import MADE, arguments, deadline_s, files, fingerprint
from deploy.kubernetes.settings import KubernetesSettings
from deploy.runner import CannotRun, Job, Rights, Step

RUN = "trellis.dev/run"
"""Label of Job and pod: the id."""
ENDED = "trellis.dev/ended"
"""Label of a Job whose end is written down."""
ASKED = "trellis.dev/asked"
"""Annotation: the fingerprint of what was asked."""
TRIES = "trellis.dev/tries"
CANCELLED = "trellis.dev/cancelled"

GRACE_S = 30
MOST_BYTES = 1_000_000
"""A Secret may hold 1 MiB in all."""
_GIVEN, _WORK = "/trellis/given", "/trellis/work"
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_WHEN = (1980, 1, 1, 0, 0, 0)


def body_of(job: Job, rights: Rights, settings: KubernetesSettings, tries: int) -> dict[str, Any]:
    within_s = int(deadline_s(job))
    labels = {**settings.labels, **_labels(job)}
    annotations = {ASKED: fingerprint(job), TRIES: str(tries)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.id, "labels": labels, "annotations": annotations},
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": settings.start_within_s + within_s + GRACE_S,
            "ttlSecondsAfterFinished": settings.kept_s,
            "template": {"metadata": {"labels": labels}, "spec": _pod(job, rights, settings, within_s)},
        },
    }


def _labels(job: Job) -> dict[str, str]:
    environment = job.target.get("environment")
    told = {
        "trellis.dev/step": str(job.step),
        "trellis.dev/service": str(job.target.get("service", "")),
        "trellis.dev/environment": str(environment.get("name", "")) if isinstance(environment, dict) else "",
    }
    known = {name: value for name, value in told.items() if value and _LABEL.fullmatch(value)}
    return {**known, "app.kubernetes.io/managed-by": "trellis", "app.kubernetes.io/name": "trellis-run", RUN: job.id}


def _pod(job: Job, rights: Rights, settings: KubernetesSettings, within_s: int) -> dict[str, Any]:
    has_rights = job.step is not Step.PLAN
    return {
        "restartPolicy": "Never",
        "serviceAccountName": settings.account if has_rights else settings.planner,
        "automountServiceAccountToken": has_rights,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_S,
        **({"imagePullSecrets": [{"name": each} for each in settings.pull_secrets]} if settings.pull_secrets else {}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": settings.user,
            "runAsGroup": settings.user,
            "fsGroup": settings.user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, rights, settings, within_s)],
        "volumes": [
            {"name": "given", "secret": {"secretName": job.id, "defaultMode": 0o440, "items": [{"key": "run", "path": "run.zip"}]}},
            {"name": "work", "emptyDir": {"sizeLimit": settings.disk}},
            {"name": "tmp", "emptyDir": {"sizeLimit": settings.disk}},
        ],
    }


def _container(job: Job, rights: Rights, settings: KubernetesSettings, within_s: int) -> dict[str, Any]:
    artifact = f"{_WORK}/artifact" if job.artifact and job.step is not Step.PLAN else ""
    argv = ["--given", f"{_GIVEN}/run.zip", "--work", f"{_WORK}/run", "--within", str(within_s)]
    argv += ["--made", MADE[job.step]] if job.step in MADE else []
    argv += ["--artifact", artifact] if artifact else []
    return {
        "name": "run",
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [settings.python, "-m", "deploy.inside"],
        "args": [*argv, "--", *arguments(job, artifact)],
        "env": [_variable(job.id, name) for name in sorted(variables(job, rights))],
        "resources": {
            "requests": {"cpu": settings.cpu, "memory": settings.memory, "ephemeral-storage": settings.disk},
            "limits": {"memory": settings.memory, "ephemeral-storage": settings.disk},
        },
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "given", "mountPath": _GIVEN, "readOnly": True},
            {"name": "work", "mountPath": _WORK},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
        ],
    }


def variables(job: Job, rights: Rights) -> dict[str, str]:
    return {} if job.step is Step.PLAN else dict(rights.variables)


def _variable(id: str, name: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": id, "key": f"right.{name}"}}}


def given(job: Job, rights: Rights) -> dict[str, bytes]:
    """What its Secret holds. Raises CannotRun."""
    told = variables(job, rights)
    for name in told:
        if not _VARIABLE.fullmatch(name):
            raise CannotRun(f"{name!r} is no name of an environment variable.")
    data = {"run": packed(job), **{f"right.{name}": value.encode() for name, value in told.items()}}
    if (size := sum(map(len, data.values()))) > MOST_BYTES:
        raise CannotRun(f"{job.id} is given {size} bytes, packed, and a Secret of Kubernetes holds {MOST_BYTES}: render less.")
    return data


def owned(name: str, owner: dict[str, Any], data: dict[str, bytes]) -> dict[str, Any]:
    """A Secret that goes when its Job goes, and before it."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "labels": {RUN: metadata["name"]}, "ownerReferences": [reference]},
        "data": {key: base64.b64encode(value).decode() for key, value in sorted(data.items())},
    }


def owner_of(body: dict[str, Any]) -> str:
    """The uid of the Job that it belongs to; "" when it is nobody's."""
    references = body["metadata"].get("ownerReferences") or [{}]
    return str(references[0].get("uid", ""))


def packed(job: Job) -> bytes:
    """The files that it is given, as an archive: the same bytes for the same job."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files(job).items()):
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    return into.getvalue()

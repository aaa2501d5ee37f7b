"""What the API server refuses as invalid, in its words."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.fakes.kubernetes.kinds import Kind
from tests.fakes.kubernetes.statuses import invalid

Body = dict[str, Any]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'example.com', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_NEEDS_SPEC = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget"}
MOST_SECRET = 1024 * 1024
_IMMUTABLE = {"Deployment": ("selector",), "Job": ("completions", "selector", "template"), "Service": ("clusterIPs",)}
_STATEFUL = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_STATEFUL_RULE = f"Forbidden: updates to statefulset spec for fields other than {', '.join(map(repr, _STATEFUL[:-1]))} and 'minReadySeconds' are forbidden"


def check_said(kind: Kind, name: str, body: Body) -> None:
    """Before anything is filled in."""
    if not _NAME.fullmatch(name):
        raise invalid(kind, name, "metadata.name", f'Invalid value: "{name}": {_NAME_RULE}')
    if kind.kind in _NEEDS_SPEC and not isinstance(body.get("spec"), dict):
        raise invalid(kind, name, "spec", "Required value", "FieldValueRequired")
    for field in ("template",) if kind.kind in {"Deployment", "StatefulSet", "DaemonSet", "Job"} else ():
        if not isinstance(body["spec"].get(field), dict):
            raise invalid(kind, name, f"spec.{field}", "Required value", "FieldValueRequired")


def _check_secret(name: str, kind: Kind, body: Body) -> None:
    sizes = [len(base64.b64decode(each)) for each in (body.get("data") or {}).values()]
    if sum(sizes) > MOST_SECRET:
        raise invalid(kind, name, "data", f"Too long: must have at most {MOST_SECRET} bytes", "FieldValueTooLong")
    for key in body.get("data") or {}:
        if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key):
            raise invalid(kind, name, f"data[{key}]", f'Invalid value: "{key}"')


def check(kind: Kind, name: str, before: Body | None, after: Body) -> None:
    if kind.kind == "Secret":
        _check_secret(name, kind, after)
    spec = after.get("spec") or {}
    for field, pod in _pods(kind, spec):
        _check_pod(kind, name, field, pod)
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        raise invalid(kind, name, "spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0")
    if kind.kind in {"Deployment", "StatefulSet", "DaemonSet"}:
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        labels = (spec["template"].get("metadata") or {}).get("labels") or {}
        if not wanted.items() <= labels.items():
            problem = f"Invalid value: {json.dumps(labels)}: `selector` does not match template `labels`"
            raise invalid(kind, name, "spec.template.metadata.labels", problem)
    if before is not None:
        _check_change(kind, name, before.get("spec") or {}, spec)


def _pods(kind: Kind, spec: Body) -> Iterator[tuple[str, Body]]:
    if kind.kind == "CronJob":
        yield "spec.jobTemplate.spec.template.spec", spec["jobTemplate"]["spec"]["template"]["spec"]
    elif "template" in spec and kind.kind in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
        yield "spec.template.spec", spec["template"]["spec"]


def _check_pod(kind: Kind, name: str, field: str, pod: Body) -> None:
    if not pod.get("containers"):
        raise invalid(kind, name, f"{field}.containers", "Required value", "FieldValueRequired")
    volumes = {each["name"] for each in pod.get("volumes", [])}
    for index, container in enumerate(pod["containers"]):
        if not container.get("image"):
            raise invalid(kind, name, f"{field}.containers[{index}].image", "Required value", "FieldValueRequired")
        for number, mount in enumerate(container.get("volumeMounts", [])):
            is_claimed = kind.kind == "StatefulSet" and mount["name"] == "data"
            if mount["name"] not in volumes and not is_claimed:
                where = f"{field}.containers[{index}].volumeMounts[{number}].name"
                raise invalid(kind, name, where, f'Not found: "{mount["name"]}"', "FieldValueNotFound")


def _check_change(kind: Kind, name: str, before: Body, after: Body) -> None:
    for field in _IMMUTABLE.get(kind.kind, ()):
        if before.get(field) != after.get(field):
            raise invalid(kind, name, f"spec.{field}", f"Invalid value: {json.dumps(after.get(field))}: field is immutable")
    if kind.kind == "StatefulSet":
        fixed = (before.keys() | after.keys()) - set(_STATEFUL)
        if any(before.get(field) != after.get(field) for field in fixed):
            raise invalid(kind, name, "spec", _STATEFUL_RULE, "FieldValueForbidden")

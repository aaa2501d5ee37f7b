"""What is there without what changes by itself, so that who looks twice sees the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from libdeploy.kubernetes.cluster import MANAGER

_BY_ITSELF = frozenset(
    {"creationTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
_REVISION = "deployment.kubernetes.io/revision"


def observed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without status, counters and times, and without the items that somebody else put into lists of ours."""
    metadata = {name: value for name, value in body["metadata"].items() if name not in _BY_ITSELF}
    if _REVISION in (metadata.get("annotations") or {}):
        metadata["annotations"] = {name: value for name, value in metadata["annotations"].items() if name != _REVISION}
    rest = {name: value for name, value in body.items() if name not in {"metadata", "status"}}
    for entry in body["metadata"].get("managedFields") or ():
        if (entry.get("manager"), entry.get("operation")) == (MANAGER, "Apply"):
            rest = _ours(rest, entry.get("fieldsV1") or {})
    found: dict[str, Any] = _plain({**rest, "metadata": metadata})
    return found


def _ours(value: Any, fields: Mapping[str, Any]) -> Any:
    """https://kubernetes.io/docs/reference/using-api/server-side-apply/: `f:` is a field, `k:` an item by its keys."""
    if isinstance(value, Mapping):
        return {name: _ours(each, fields[f"f:{name}"]) if f"f:{name}" in fields else each for name, each in value.items()}
    keyed = [(json.loads(name[2:]), inner) for name, inner in fields.items() if name.startswith("k:")]
    if not isinstance(value, list) or not keyed:
        return value
    return [_ours(item, inner) for item in value for keys, inner in keyed if isinstance(item, Mapping) and keys.items() <= item.items()]


def _plain(value: Any) -> Any:
    """A number with a fraction has no single form: it is text here. None are wanted, so none is a difference."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return repr(value) if isinstance(value, float) else value

"""The objects that are kept, and what may be done to them: applied, edited, taken away."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.forge import iso
from tests.fakes.kubernetes import fields, rules
from tests.fakes.kubernetes.defaults import fill
from tests.fakes.kubernetes.kinds import BY_KIND, Kind
from tests.fakes.kubernetes.statuses import already_there, conflict, error, no_namespace, not_found

Body = dict[str, Any]
Change = Callable[[Body], object]

_TERM = re.compile(r"([^=!,]+?)\s*(==|=|!=)\s*([^,]*)")


@dataclass
class Kept:
    """`managers` own paths, by name and operation."""

    kind: Kind
    body: Body
    managers: dict[tuple[str, str], set[fields.Path]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.body["metadata"]["namespace"])

    def shown(self) -> Body:
        """As it is answered."""
        entries = [
            {
                "manager": manager,
                "operation": operation,
                "apiVersion": self.kind.api_version,
                "time": self.body["metadata"]["creationTimestamp"],
                "fieldsType": "FieldsV1",
                "fieldsV1": fields.fields_v1(paths),
            }
            for (manager, operation), paths in sorted(self.managers.items())
            if paths
        ]
        return {**self.body, "metadata": {**self.body["metadata"], "managedFields": entries}}


def matches(labels: dict[str, str], selector: str) -> bool:
    """Terms of equality and of being there: `a=b,c!=d,e,!f`."""
    for term in filter(None, selector.split(",")):
        found = _TERM.fullmatch(term)
        if found is None:
            if (term.removeprefix("!") in labels) == term.startswith("!"):
                return False
        elif (labels.get(found[1]) == found[3]) == (found[2] == "!="):
            return False
    return True


class Objects:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.namespaces = {"team"}
        self.kept: dict[tuple[str, str, str], Kept] = {}
        self.version = 1000
        self.clock = clock
        self._ids = itertools.count(1)

    def find(self, kind: str, name: str, namespace: str = "team") -> Kept | None:
        return self.kept.get((kind, namespace, name))

    def one(self, kind: Kind, namespace: str, name: str) -> Kept:
        found = self.find(kind.kind, name, namespace)
        if found is None:
            raise not_found(kind, name)
        return found

    def all(self, kind: str, namespace: str = "team", selector: str = "") -> Iterator[Kept]:
        for key in sorted(key for key in self.kept if key[0] == kind and key[1] == namespace):
            each = self.kept[key]
            if matches(each.body["metadata"].get("labels") or {}, selector):
                yield each

    def apply(self, kind: Kind, namespace: str, name: str, said: Body, manager: str, *, is_forced: bool, is_dry: bool) -> tuple[int, Kept]:
        """Server-side apply: 201 when it was not there."""
        if namespace not in self.namespaces:
            raise no_namespace(namespace)
        _check_address(kind, namespace, name, said)
        rules.check_said(kind, name, said)
        said = copy.deepcopy(said)
        said["metadata"]["namespace"] = namespace
        before = self.find(kind.kind, name, namespace)
        paths = fields.owned_by_saying(said)
        if before is None:
            after = Kept(kind, self._new(said), {(manager, "Apply"): paths})
        else:
            after = _merged(before, said, paths, manager, is_forced=is_forced)
        fill(after.body)
        rules.check(kind, name, before.body if before else None, after.body)
        if before is not None and after == before:
            return 200, before
        self._count(before, after)
        if not is_dry:
            self.kept[kind.kind, namespace, name] = after
        return (200 if before else 201), after

    def create(self, body: Body, manager: str, namespace: str = "team") -> Kept:
        """As `kubectl create` or a controller does."""
        kind = BY_KIND[body["kind"]]
        said = copy.deepcopy(body)
        said["metadata"]["namespace"] = namespace
        made = Kept(kind, self._new(said), {(manager, "Update"): fields.owned_by_saying(said)})
        made.body["apiVersion"] = kind.api_version
        fill(made.body)
        self._count(None, made)
        self.kept[kind.kind, namespace, made.name] = made
        return made

    def update(self, kept: Kept, change: Change, manager: str) -> None:
        """As `kubectl edit` or a controller does: who changes a field owns it, and nobody else."""
        after = Kept(kept.kind, copy.deepcopy(kept.body), kept.managers)
        change(after.body)
        fill(after.body)
        rules.check(kept.kind, kept.name, kept.body, after.body)
        if after.body == kept.body:
            return
        now, then = fields.owned_by_saying(after.body), fields.owned_by_saying(kept.body)
        changed = {each for each in now if fields.differs(kept.body, after.body, each)}
        lost = changed | (then - now)
        after.managers = {key: paths - lost for key, paths in kept.managers.items()}
        after.managers[manager, "Update"] = after.managers.get((manager, "Update"), set()) | changed
        self._count(kept, after)
        kept.body, kept.managers = after.body, after.managers

    def post(self, kind: Kind, namespace: str, said: Body, manager: str) -> Kept:
        """As who makes something new by name."""
        if namespace not in self.namespaces:
            raise no_namespace(namespace)
        name = (said.get("metadata") or {}).get("name", "")
        _check_address(kind, namespace, name, said)
        rules.check_said(kind, name, said)
        if self.find(kind.kind, name, namespace):
            raise already_there(kind, name)
        made = copy.deepcopy(said)
        made["metadata"]["uid"] = "new"
        fill(made)
        rules.check(kind, name, None, made)
        return self.create(said, manager, namespace)

    def delete(self, kept: Kept) -> None:
        self.kept.pop((kept.kind.kind, kept.namespace, kept.name), None)
        self.version += 1

    def leave(self, kept: Kept, grace_s: float, finalizer: str = "") -> None:
        """It is still there, and is on its way."""
        metadata = kept.body["metadata"]
        if "deletionTimestamp" not in metadata:
            metadata["deletionTimestamp"] = iso(self.clock() + grace_s)
            metadata["deletionGracePeriodSeconds"] = int(grace_s)
        if finalizer:
            metadata["finalizers"] = [finalizer]
        self.version += 1
        metadata["resourceVersion"] = str(self.version)

    def _new(self, said: Body) -> Body:
        number = next(self._ids)
        said["metadata"]["uid"] = f"{number:08x}-0000-4000-8000-{number:012x}"
        said["metadata"]["creationTimestamp"] = iso(self.clock())
        if "spec" in said and said["kind"] in _WITH_STATUS:
            said.setdefault("status", {})
        return said

    def _count(self, before: Kept | None, after: Kept) -> None:
        self.version += 1
        metadata = after.body["metadata"]
        metadata["resourceVersion"] = str(self.version)
        if after.kind.kind in _WITH_GENERATION:
            is_changed = before is not None and before.body.get("spec") != after.body.get("spec")
            metadata["generation"] = (before.body["metadata"]["generation"] if before else 1) + is_changed


_WITH_STATUS = {
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Service",
    "Ingress",
    "PodDisruptionBudget",
    "Pod",
}
_WITH_GENERATION = _WITH_STATUS - {"Service", "Pod"} | {"NetworkPolicy"}


def _merged(before: Kept, said: Body, paths: set[fields.Path], manager: str, *, is_forced: bool) -> Kept:
    ours = (manager, "Apply")
    managers = {key: set(owned) for key, owned in before.managers.items()}
    found = []
    for key, owned in sorted(managers.items()):
        for path in sorted(owned & paths, key=fields.shown) if key != ours else ():
            if fields.differs(before.body, said, path):
                found.append((key[0], before.kind.api_version, fields.shown(path)))
                owned.discard(path)
    if found and not is_forced:
        raise conflict(found)
    others = {path for key, owned in managers.items() if key != ours for path in owned}
    gone = managers.get(ours, set()) - paths
    body = fields.without(fields.merged(before.body, said), gone, others | paths)
    managers[ours] = paths
    return Kept(before.kind, body, managers)


def _check_address(kind: Kind, namespace: str, name: str, said: Body) -> None:
    metadata = said.get("metadata") or {}
    if (said.get("apiVersion"), said.get("kind")) != (kind.api_version, kind.kind):
        raise error(
            400, f"the API version in the data ({said.get('apiVersion')}) does not match the expected API version ({kind.api_version})"
        )
    if metadata.get("name", name) != name:
        raise error(400, f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    if metadata.get("namespace", namespace) != namespace:
        raise error(400, "the namespace of the provided object does not match the namespace sent on the request")
    if metadata.get("managedFields"):
        raise error(400, "metadata.managedFields must be nil")

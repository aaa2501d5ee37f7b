"""Whatever else Kubernetes takes, as it takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes.objects import checked_name, item_of
from libdeploy.target import Target


@dataclass(frozen=True)
class Manifest:
    body: Mapping[str, Any]

    def items(self, target: Target) -> Iterable[Item]:
        for key in ("apiVersion", "kind", "metadata"):
            if not self.body.get(key):
                raise DeployError(f"The manifest has no {key}.", "bad_manifest")
        if self.body["kind"] == "Secret":
            raise DeployError("A plan is read by whoever may approve it: make the Secret elsewhere, and name it in secrets=….", "secret")
        name = checked_name(str(self.body["metadata"].get("name", "")))
        yield item_of(target, name, self.body)


def manifest(body: Mapping[str, Any]) -> Manifest:
    """An object as Kubernetes' own JSON, in the target's namespace. Raises DeployError `bad_manifest` or `secret` when rendered."""
    return Manifest(body)

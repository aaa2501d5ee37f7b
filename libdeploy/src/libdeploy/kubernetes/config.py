"""Configuration that is no secret, as a ConfigMap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libdeploy.errors import DeployError
from libdeploy.item import Item
from libdeploy.kubernetes.objects import checked_name, item_of
from libdeploy.target import Target

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class ConfigFiles:
    name: str
    values: Mapping[str, str]

    def items(self, target: Target) -> Iterable[Item]:
        checked_name(self.name)
        for key, value in self.values.items():
            if not isinstance(value, str):
                raise DeployError(f"{self.name}: {key} is {value!r}, not text.", "bad_config")
        if sum(len(key.encode()) + len(value.encode()) for key, value in self.values.items()) > _MOST_BYTES:
            raise DeployError(f"{self.name} is larger than a ConfigMap may be: {_MOST_BYTES} bytes.", "bad_config")
        yield item_of(target, self.name, {"apiVersion": "v1", "kind": "ConfigMap", "data": dict(self.values)})


def config(name: str, values: Mapping[str, str]) -> ConfigFiles:
    """A ConfigMap of texts. No secrets: whoever may look at the plan reads them."""
    return ConfigFiles(name, dict(values))

"""What a service owner imports in deploy.py: `import libdeploy as d`.

A deploy.py says what is wanted of one service in one environment; libdeploy renders it, always to the same bytes, compares it with
what is there and makes it so::

    import libdeploy as d

    def deploy(target: d.Target) -> list[d.Component]:
        return [d.kubernetes.stateless_service("payments", port=8080, health="/healthz")]

    if __name__ == "__main__":
        d.main(deploy)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from libdeploy.component import Component, Driver
from libdeploy.errors import DeployError
from libdeploy.extras import needing
from libdeploy.item import Item
from libdeploy.main import main
from libdeploy.target import Artifact, ArtifactKind, Config, Environment, Target

if TYPE_CHECKING:
    from libdeploy import host, kubernetes, terraform

__all__ = [
    "Artifact",
    "ArtifactKind",
    "Component",
    "Config",
    "DeployError",
    "Driver",
    "Environment",
    "Item",
    "Target",
    "host",
    "kubernetes",
    "main",
    "terraform",
]


def __getattr__(name: str) -> Any:
    """The kinds of components are imported when first named: who renders one kind does not wait for the others."""
    if name in {"host", "kubernetes", "terraform"}:
        with needing(name):
            return importlib.import_module(f"libdeploy.{name}")
    raise AttributeError(f"libdeploy has no {name}")

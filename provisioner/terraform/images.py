"""What machines are made of now: the module, what the operator tells it, and which providers it pins. A spare of another is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from provisioner.engine import EngineFailed, Spec, StageName
from provisioner.terraform.copies import is_shipped
from provisioner.terraform.records import Data
from provisioner.terraform.settings import TerraformSettings
from provisioner.terraform.trading import MODULE, Resolve, addresses_of, variables_of
from provisioner.terraform.variables import bare_of, variables

__all__ = ["Newest", "Resolve", "addresses_of", "image_of"]

_NO_IMAGE = "there is no image yet that machines could be made of; `trellis image list` says how far the first is"


def image_of(settings: TerraformSettings) -> str:
    """A digest in 16 hex digits: the name of an AMI, a size's instance type and every line of HCL are in it."""
    digest = hashlib.sha256(json.dumps(dict(settings.variables), sort_keys=True, default=str).encode())
    for path in sorted(settings.module.iterdir()):
        if is_shipped(path):
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Newest:
    """The settings with the newest image, which `image` asks for; "" or None: the one that they name."""

    settings: TerraformSettings
    image: Callable[[], Awaitable[str]] | None
    resolve: Resolve = addresses_of

    async def now(self, project: str = "") -> TerraformSettings:
        """For a project, whose own comes first. A machine that there is keeps the one that it was made of (the module sees to that)."""
        newest = await self.image() if self.image else ""
        baked = replace(self.settings, variables={**self.settings.variables, "image_id": newest}) if newest else self.settings
        return baked.of(project)

    async def for_making(self, project: str) -> TerraformSettings:
        """Raises EngineFailed where there is no image yet."""
        current = await self.now(project)
        if self.image and not current.variables.get("image_id"):
            raise EngineFailed(StageName.PROVISIONING, _NO_IMAGE, code="no_image")
        return current

    async def told_of(self, spec: Spec, created_at: float, data: Data | None = None) -> dict[str, Any]:
        """What the module is told of an environment. Raises EngineFailed, EngineUnavailable."""
        known = variables(await self.for_making(spec.source.project), bare_of(spec), created_at, data)
        if self.settings.name != MODULE or spec.trading is None:
            return known
        own = self.settings.of_projects.get(spec.source.project, {})
        return {**known, **await variables_of(spec.trading, own.get("egress", self.settings.also), self.resolve)}

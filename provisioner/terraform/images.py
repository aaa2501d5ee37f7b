"""What machines are made of now: the module, what the operator tells it, and which providers it pins. A spare of another is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from provisioner.engine import EngineFailed, StageName
from provisioner.terraform.copies import is_shipped
from provisioner.terraform.settings import TerraformSettings

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

    async def now(self) -> TerraformSettings:
        """A machine that there is keeps the one that it was made of (the module sees to that)."""
        newest = await self.image() if self.image else ""
        return replace(self.settings, variables={**self.settings.variables, "image_id": newest}) if newest else self.settings

    async def for_making(self) -> TerraformSettings:
        """Raises EngineFailed where there is no image yet."""
        current = await self.now()
        if self.image and not current.variables.get("image_id"):
            raise EngineFailed(StageName.PROVISIONING, _NO_IMAGE, code="no_image")
        return current

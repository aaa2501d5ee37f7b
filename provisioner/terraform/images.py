"""What machines are made of now: the module, what the operator tells it, and which providers it pins. A spare of another is stale."""

from __future__ import annotations

import hashlib
import json

from provisioner.terraform.copies import is_shipped
from provisioner.terraform.settings import TerraformSettings


def image_of(settings: TerraformSettings) -> str:
    """A digest in 16 hex digits: the name of an AMI, a size's instance type and every line of HCL are in it."""
    digest = hashlib.sha256(json.dumps(dict(settings.variables), sort_keys=True, default=str).encode())
    for path in sorted(settings.module.iterdir()):
        if is_shipped(path):
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]

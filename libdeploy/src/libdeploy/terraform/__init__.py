"""What Terraform or OpenTofu makes: a module inside the artifact, with variables, in a workspace of its own."""

from __future__ import annotations

from libdeploy.terraform.module import Backend, Module, module

__all__ = ["Backend", "Module", "module"]

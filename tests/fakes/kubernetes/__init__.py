"""A stand-in of the Kubernetes API server: server-side apply, selectors, rights and controllers that a test steps."""

from __future__ import annotations

from tests.fakes.kubernetes.controllers import Fault
from tests.fakes.kubernetes.server import FakeKubernetes

__all__ = ["FakeKubernetes", "Fault"]

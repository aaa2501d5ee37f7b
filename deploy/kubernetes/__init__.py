"""Runs of deploy.py as Jobs of a Kubernetes cluster: they go on when Trellis is down, and are read again later."""

from __future__ import annotations

from deploy.kubernetes.runner import KubernetesRunner
from deploy.kubernetes.settings import KubernetesSettings

__all__ = ["KubernetesRunner", "KubernetesSettings"]

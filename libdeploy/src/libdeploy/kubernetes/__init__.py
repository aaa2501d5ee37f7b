"""What runs on Kubernetes, with defaults that a reviewer would ask for. Needs the extra `libdeploy[kubernetes]`."""

from __future__ import annotations

import libdeploy.kubernetes.light  # noqa: F401 - before anything of lightkube's

# isort: split
from libdeploy.kubernetes.batch import Cron, Job, cron, job
from libdeploy.kubernetes.config import ConfigFiles, config
from libdeploy.kubernetes.ingress import Ingress, ingress
from libdeploy.kubernetes.manifest import Manifest, manifest
from libdeploy.kubernetes.pod import Disk, Resources, Volume
from libdeploy.kubernetes.service import Service, stateful_service, stateless_service

__all__ = [
    "ConfigFiles",
    "Cron",
    "Disk",
    "Ingress",
    "Job",
    "Manifest",
    "Resources",
    "Service",
    "Volume",
    "config",
    "cron",
    "ingress",
    "job",
    "manifest",
    "stateful_service",
    "stateless_service",
]

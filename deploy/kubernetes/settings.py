"""Where runs are made, as whom, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class KubernetesSettings:
    """`image` holds Python, this package and libdeploy[kubernetes]: Trellis's own does.

    `account` is the service account of steps with rights; `planner` one that may do nothing, whose token is not even mounted.
    `kubeconfig` None: $KUBECONFIG, else from inside the cluster. `kept_s` is how long a run that has ended can be read, `start_within_s`
    how long a pod may take to begin. At most `requests` are under way at once; all runs are looked at together each `look_s`, and the log
    of one that runs is read each `log_s`. Lists come in pages.
    """

    namespace: str
    image: str
    account: str
    planner: str
    kubeconfig: Path | None = None
    python: str = "/opt/trellis/bin/python"
    pull_secrets: tuple[str, ...] = ()
    cpu: str = "100m"
    memory: str = "256Mi"
    disk: str = "1Gi"
    user: int = 10001
    labels: Mapping[str, str] = field(default_factory=dict)
    kept_s: int = 24 * 3600
    start_within_s: int = 300
    requests: int = 16
    page: int = 500
    timeout_s: float = 20.0
    look_s: float = 1.0
    log_s: float = 2.0
    trust_env: bool = True

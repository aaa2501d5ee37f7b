"""How Trellis itself is shipped to Kubernetes: the keeper with its disk, and web parts and workers beside it. See docs/operations.md."""

from __future__ import annotations

import libdeploy as d

PORT, WORKER_PORT, PROXY_PORT = 8700, 9700, 8780
SECRET = "trellis"  # noqa: S105 - its name
DISK = d.kubernetes.Disk("data-keeper-0", "/data")
"""What the keeper's StatefulSet makes: the keeper's socket is on it, so whoever asks the keeper is on its host."""


def deploy(target: d.Target) -> list[d.Component]:
    config = target.config
    settings = d.kubernetes.config("settings", {**_own(config), **config.texts("settings", {})})
    replicas = config.integer("replicas", 2)
    account = config.text("account", "")
    return [
        settings,
        d.kubernetes.stateful_service(
            "keeper",
            command=["trellis", "keep"],
            port=PROXY_PORT,
            volume=d.kubernetes.Volume("/data", config.text("disk", "20Gi"), config.text("storage_class", "")),
            resources=d.kubernetes.Resources("500m", config.text("keeper_memory", "2Gi")),
            first=["trellis", "migrate"],
            configs=[settings],
            secrets=[SECRET],
        ),
        d.kubernetes.stateless_service(
            "web",
            command=["trellis", "serve"],
            port=PORT,
            health="/healthz",
            replicas=replicas,
            resources=d.kubernetes.Resources("250m", "512Mi"),
            first=["trellis", "migrate"],
            disks=[DISK],
            beside="keeper",
            configs=[settings],
            secrets=[SECRET],
        ),
        d.kubernetes.stateless_service(
            "worker",
            command=["trellis", "work"],
            port=WORKER_PORT,
            health="/healthz",
            replicas=replicas,
            resources=d.kubernetes.Resources("250m", "512Mi"),
            service_account=account,
            first=["trellis", "migrate"],
            disks=[DISK],
            beside="keeper",
            configs=[settings],
            secrets=[SECRET],
        ),
        *_addresses(config),
    ]


def _own(config: d.Config) -> dict[str, str]:
    return {
        "HOME": "/data",
        "TRELLIS_PUBLIC_URL": f"https://{config.text('host')}",
        "TRELLIS_DOMAIN": config.text("domain"),
        "TRELLIS_PROXY_HOST": "0.0.0.0",  # noqa: S104 - the pod's own
        "TRELLIS_METRICS__WORKER_HOST": "0.0.0.0",  # noqa: S104 - the pod's own
        "TRELLIS_METRICS__WORKER_PORT": str(WORKER_PORT),
    }


def _addresses(config: d.Config) -> list[d.Component]:
    name = config.text("ingress_class", "")
    return [
        d.kubernetes.ingress(config.text("host"), "web", tls_secret=config.text("tls_secret", ""), class_name=name),
        d.kubernetes.ingress(
            f"*.{config.text('domain')}", "keeper", tls_secret=config.text("environments_tls_secret", ""), class_name=name
        ),
    ]


if __name__ == "__main__":
    d.main(deploy)

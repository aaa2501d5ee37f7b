"""Where and how hello runs: a program on this host, one for each environment."""

from __future__ import annotations

import libdeploy as d


def deploy(target: d.Target) -> list[d.Component]:
    port = target.config.integer("port", 8791)
    return [d.host.binary("hello", arguments=["--port", str(port), "--from", target.environment.name], port=port, health="/health")]


if __name__ == "__main__":
    d.main(deploy)

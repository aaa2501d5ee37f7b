"""The reverse proxy: Caddy, told once, for good, to look in a folder where a host name leads.

`hosts/<label>` is a link to a folder with one empty file whose name is the address to dial, or `waiting`. Turning the link switches
the traffic between two requests; nothing is reloaded, so connections of other environments, and old ones of this one, go on.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes import Backoff, Order, Supervised, environ, tail
from provisioner import pages, visits
from provisioner.engine import EngineUnavailable
from provisioner.ports import is_ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.settings import KeeperSettings

_WAITING = "waiting"
PAUSED = "paused"
_UP_WITHIN_S = 3.0
_CONNECT_S = 2.0


def _answer(status: int, body: str, **headers: str) -> dict[str, Any]:
    fixed = {"Content-Type": ["text/html; charset=utf-8"], "Cache-Control": ["no-store"]}
    return {
        "handler": "static_response",
        "status_code": status,
        "headers": {**fixed, **{name.replace("_", "-"): [value] for name, value in headers.items()}},
        "body": body,
    }


def configuration(hosts: Path, domain: str, listen: Sequence[str]) -> dict[str, Any]:
    """Caddy's whole configuration."""
    not_up = _answer(503, pages.NOT_UP, Retry_After=pages.LOOK_AGAIN_S)
    dial = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": "{http.regexp.address.1}"}],
        "flush_interval": -1,
        # Idle connections go soon: who waits for a service's last request does not wait for them.
        "transport": {"protocol": "http", "compression": False, "dial_timeout": "5s", "keep_alive": {"idle_timeout": "1s"}},
        # What could not be delivered is tried again; what was delivered once is not, whatever came of it.
        "load_balancing": {"try_duration": "1s", "try_interval": "40ms", "retry_match": [{"method": ["NEVER"]}]},
    }
    host = {"name": "host", "pattern": f"^([a-z0-9_-]{{1,63}})\\.{re.escape(domain)}$"}
    address = {"name": "address", "pattern": r"/([0-9a-f.:\[\]]+:[0-9]+)$"}
    # Twice the same: when the link is turned between the look into the folder and the look at the file, the second look is right.
    known = {"file": {"root": str(hosts), "try_files": ["/{http.regexp.host.1}/*"] * 2}}
    clean = {"handler": "headers", "request": {"delete": ["X-Forwarded-*", "Forwarded", "X-Real-Ip", "X-Original-*", "X-Rewrite-Url"]}}
    is_up = [{"vars_regexp": {"{http.matchers.file.relative}": address}}]
    is_paused = [{"vars_regexp": {"{http.matchers.file.relative}": {"name": "paused", "pattern": f"/{PAUSED}$"}}}]
    found = [
        {"match": is_up, "handle": [clean, dial], "terminal": True},
        {"match": is_paused, "handle": [_answer(503, pages.IS_PAUSED)], "terminal": True},
        {"handle": [not_up]},
    ]
    routes = [
        {
            "match": [{"vars_regexp": {"{http.request.host}": host}}],
            "handle": [
                {
                    "handler": "subroute",
                    "routes": [{"match": [known], "handle": [{"handler": "subroute", "routes": found}], "terminal": True}],
                }
            ],
        },
        {"handle": [_answer(404, pages.NOT_FOUND)]},
    ]
    server = {
        "listen": list(listen),
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "routes": routes,
        "errors": {"routes": [{"handle": [not_up]}]},
        "logs": {"default_logger_name": "visits"},
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {
            "logs": {
                "default": {"level": "ERROR", "exclude": ["http.log.error", "http.log.access"]},
                "visits": visits.logging(hosts.parent),
            }
        },
        "storage": {"module": "file_system", "root": str(hosts.parent / "home")},
        "apps": {"http": {"grace_period": "1s", "servers": {"environments": server}}},
    }


def _caddy() -> str | None:
    beside = Path(sys.executable).parent / "caddy"
    return str(beside) if beside.exists() else shutil.which("caddy")


def _listen(settings: KeeperSettings) -> list[str]:
    """Where it takes connections, as Caddy writes it."""
    port = settings.proxy_port
    if settings.proxy_host != "127.0.0.1":
        return [f":{port}"]
    return [f"127.0.0.1:{port}", *([f"[::1]:{port}"] if _has_ipv6() else [])]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


class Proxy:
    """Caddy as a supervised child, and the folder it looks in."""

    def __init__(self, settings: KeeperSettings) -> None:
        self._settings = settings
        self._folder = settings.folder / "proxy"
        self._hosts = self._folder / "hosts"
        self._sets = self._folder / "sets"
        self._log = self._folder / "caddy.log"
        self._count = itertools.count()
        self.visits = visits.Visits(self._folder)
        self._caddy: Supervised | None = None
        self._seen_up: int | None = None  # the process that was

    async def start(self) -> None:
        """Begin with no host names; Caddy is kept from now on. Raises EngineUnavailable when it does not come up."""
        program = _caddy()
        if not program:
            raise EngineUnavailable("there is no caddy beside python or on the PATH")
        for folder in (self._hosts, self._sets):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        config = self._folder / "caddy.json"
        config.write_text(json.dumps(configuration(self._hosts, self._settings.domain, _listen(self._settings))))
        env = environ({"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)})
        argv = (program, "run", "--config", str(config))
        order = Order(argv, home, env, log=self._log, mark=self._settings.mark, orphan_grace_s=0.2)
        self._caddy = Supervised(order, backoff=Backoff(first_s=0.05, most_s=2.0))
        self._caddy.keep()
        await self.until_up(_UP_WITHIN_S)

    async def stop(self) -> None:
        if self._caddy:
            await self._caddy.stop(0.5)

    async def is_up(self) -> bool:
        """Whether our own Caddy takes connections."""
        pid = self._caddy.pid if self._caddy else None
        if not pid:
            return False
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, writer = await asyncio.open_connection("127.0.0.1", self._settings.proxy_port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        is_up = await asyncio.to_thread(is_ours, self._settings.proxy_port, pid)
        self._seen_up = pid if is_up else None
        return is_up

    async def until_up(self, within_s: float) -> None:
        """Raises EngineUnavailable with what Caddy said last."""
        until = asyncio.get_running_loop().time() + within_s
        while not (self._caddy and self._caddy.pid and self._caddy.pid == self._seen_up) and not await self.is_up():
            if asyncio.get_running_loop().time() > until:
                raise EngineUnavailable(f"the proxy is not up on port {self._settings.proxy_port}: {' '.join(tail(self._log, 1))[-300:]}")
            await asyncio.sleep(0.01)

    def lead(self, label: str, address: str | None) -> None:
        """From now on `label` leads to `address`, to the page that says PAUSED, or to the one that waits."""
        link = self._hosts / label
        old = link.readlink().name if link.is_symlink() else None
        name = f"{label}.{next(self._count)}"
        (self._sets / name).mkdir()
        (self._sets / name / (address or _WAITING)).touch()
        new = self._sets / f"{name}.link"
        new.symlink_to(f"../sets/{name}")
        new.replace(link)
        if old:
            shutil.rmtree(self._sets / old, ignore_errors=True)

    def forget(self, label: str) -> None:
        """`label` is unknown from now on."""
        link = self._hosts / label
        if link.is_symlink():
            old = link.readlink().name
            link.unlink()
            shutil.rmtree(self._sets / old, ignore_errors=True)

    def labels_of(self, slug: str) -> set[str]:
        """The labels in use that belong to an environment's slug."""
        return {link.name for link in self._hosts.iterdir() if link.name == slug or link.name.endswith(f"--{slug}")}

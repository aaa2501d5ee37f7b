"""A keeper as a real process, repositories as real repositories, and the few things tests ask of both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil

from processes import bearers, free_port
from provisioner.engine import EngineUnavailable, Limits, Service, Source, Spec, StageName
from provisioner.local import LocalEngine
from provisioner.settings import KeeperSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROOT = Path(__file__).parents[2]
PYTHON = f"{sys.executable} -S -u"

# Answers `<words> <path>`, /env as JSON, /slow?s after a while, /echo what was sent, /headers, /die; speaks websocket's handshake.
APP = """
import http.server, json, os, sys, time, hashlib, base64
WORDS = open("words").read().strip()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    def say(self, data, status=200):
        self.send_response(status); self.send_header("Content-Length", str(len(data))); self.end_headers(); self.wfile.write(data)
    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket": return self.socket()
        if self.path == "/env": return self.say(json.dumps(dict(os.environ)).encode())
        if self.path == "/headers": return self.say(json.dumps(self.headers.items()).encode())
        if self.path == "/pid": return self.say(str(os.getpid()).encode())
        if self.path.startswith("/slow"): time.sleep(float(self.path.partition("?")[2]))
        if self.path == "/die": os._exit(7)
        if self.path == "/sick": return self.say(b"sick", 500)
        if self.path == "/events": return self.events()
        self.say(f"{WORDS} {self.path}".encode())
    def do_POST(self):
        if self.path == "/die": os._exit(7)
        left, digest = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            data = self.rfile.read(min(left, 65536)); left -= len(data); digest.update(data)
        self.say(digest.hexdigest().encode())
    def events(self):
        self.send_response(200); self.send_header("Content-Type", "text/event-stream"); self.send_header("Connection", "close"); self.end_headers()
        for number in range(3):
            self.wfile.write(f"data: {number}\\n\\n".encode()); self.wfile.flush(); time.sleep(0.3)
        self.close_connection = True
    def socket(self):
        key = base64.b64encode(hashlib.sha1((self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.send_response(101); self.send_header("Upgrade", "websocket"); self.send_header("Connection", "Upgrade"); self.send_header("Sec-WebSocket-Accept", key)
        self.end_headers(); self.wfile.flush(); self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8: return
            mask, data = self.rfile.read(4), None
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(head[1] & 127)))
            answer = f"{WORDS} {data.decode()}".encode()
            self.wfile.write(bytes([0x81, len(answer)]) + answer); self.wfile.flush()
    def log_message(self, *words): print(*words, flush=True)
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
print("listening", flush=True)
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
WEB = Service("web", f"{PYTHON} app.py", health="/health")


class Repository:
    """A git repository with one commit per `commit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = str(folder)
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, given: bytes = b"") -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        env |= {f"GIT_{who}_{what}": "dana@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        ran = subprocess.run(["git", *words], cwd=self.folder, env=env, input=given, capture_output=True, check=True)
        return ran.stdout.decode().strip()

    def commit(self, words: str = "one", files: dict[str, str] | None = None, branch: str = "main") -> str:
        """A commit whose app answers `words`; a new branch begins without a past."""
        self.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        for name, text in {"app.py": APP, "words": words, **(files or {})}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", words)
        return self.git("rev-parse", "HEAD")

    def source(self, sha: str, ref: str = "refs/heads/main") -> Source:
        return Source("demo", self.url, ref, sha)


class Notes:
    """A Report that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, StageName]] = []
        self.counted: list[tuple[int, int]] = []
        self.doing: list[str] = []

    async def begin(self, stage: StageName) -> None:
        self.heard.append(("begin", stage))

    async def end(self, stage: StageName) -> None:
        self.heard.append(("end", stage))

    async def count(self, stage: StageName, done: int, of: int, doing: str = "") -> None:
        self.counted.append((done, of))
        self.doing.append(doing)


_RUN = """
import asyncio, json, sys
from pathlib import Path
from provisioner.keeper import serve
from provisioner.settings import KeeperSettings
given = json.loads(sys.argv[1])
asyncio.run(serve(KeeperSettings(**{**given, "data": Path(given["data"])})))
"""


@dataclass
class Keeper:
    """A keeper's process, its engine and its folder."""

    data: Path
    settings: dict[str, object] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.told: dict[str, object] = {
            "data": str(self.data),
            "proxy_port": self.port,
            "stop_grace_s": 1.0,
            "drain_s": 2.0,
            **self.settings,
        }
        self.known = KeeperSettings(self.data, proxy_port=self.port)
        self.engine = LocalEngine(self.known.socket_path)

    async def start(self, **env: str) -> None:
        """Start it, and return when it is ready."""
        self.begin(**env)
        await eventually(self.is_ready, within_s=20)

    def begin(self, **env: str) -> None:
        given = {**os.environ, "PYTHONPATH": str(ROOT), **env}
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "keeper.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _RUN, json.dumps(self.told)], env=given, stdout=log, stderr=log, start_new_session=True
            )

    async def is_ready(self) -> bool:
        with contextlib.suppress(EngineUnavailable):
            return (await self.engine.health()).is_ready
        assert self.process is not None
        assert self.process.poll() is None, (self.data / "keeper.log").read_text()
        return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    async def stop(self) -> None:
        await self.engine.aclose()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self.process.wait, 60)

    def has_died(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None

    def left(self) -> list[int]:
        """Processes of environments and of the proxy that run now."""
        return bearers(self.known.mark)

    def runs(self, word: str) -> bool:
        """Whether one of them is called with `word`."""
        for pid in self.left():
            with contextlib.suppress(psutil.Error):
                if word in psutil.Process(pid).cmdline():
                    return True
        return False

    def worktrees(self) -> list[str]:
        return sorted(folder.name for folder in self.data.glob("environments/*/code-*"))

    def registered(self) -> list[str]:
        """Worktrees that the mirror knows of."""
        with contextlib.suppress(FileNotFoundError):  # one of them is just going
            return sorted(Path((entry / "gitdir").read_text().strip()).parent.name for entry in self.data.glob("mirrors/demo/worktrees/*"))
        return ["going"]

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            yield Client(session, self.port)


@dataclass
class Client:
    """A browser of sorts."""

    session: aiohttp.ClientSession
    port: int

    async def get(self, label: str, path: str = "/", **headers: str) -> tuple[int, str]:
        given = {"Host": f"{label}.localhost:{self.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}", headers=given, allow_redirects=False) as answer:
            return answer.status, await answer.text()


def spec_of(repository: Repository, sha: str, *services: Service, generation: int = 1, **more: object) -> Spec:
    given: dict[str, object] = {"environment": "env-1", "slug": "demo", "limits": Limits(256, 128), "ready_within_s": 20.0, **more}
    ref = str(given.pop("ref", "refs/heads/main"))
    return Spec(generation=generation, source=repository.source(sha, ref), services=services or (WEB,), **given)  # type: ignore[arg-type]


def command(pid: int) -> bytes:
    """Its command line, words parted by NUL; empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


async def eventually(holds: Callable[[], object], within_s: float = 60.0) -> None:
    """Return when `holds()` (a value or an awaitable of one) is true; fail when it does not become so in time."""
    until = time.monotonic() + within_s
    while True:
        value = holds()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return
        assert time.monotonic() < until, "it never came to be"
        await asyncio.sleep(0.02)

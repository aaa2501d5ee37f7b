"""Stand-ins for where artifacts lie: an Artifactory, an S3, a registry of images, each as they answer in life."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = hashlib.sha256(MANIFEST).hexdigest()


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Its host and port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class FakeArtifactory:
    """Keeps files by path; with `storage` it leads to another host, as in the cloud."""

    files: dict[str, bytes] = field(default_factory=dict)
    storage: str = ""
    token: str = "canary"
    is_damaged: bool = False
    status: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.status:
            return web.Response(status=self.status)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        path = request.path.removeprefix("/artifactory/")
        if path not in self.files:
            return web.Response(status=404)
        headers = {"X-Checksum-Sha256": hashlib.sha256(self.files[path]).hexdigest()}
        if self.storage:
            return web.Response(status=302, headers={**headers, "location": f"{self.storage}/{path}?X-Signature=secret"})
        return web.Response(body=self.files[path][:-1] if self.is_damaged else self.files[path], headers=headers)


@dataclass
class FakeS3:
    """Versions of objects by bucket and key, the newest last; None is a delete marker. Who does not sign is let in nowhere."""

    objects: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)
    key: str = "AKIAEXAMPLE"
    failing: list[int] = field(default_factory=list)

    def put(self, path: str, data: bytes | None) -> str:
        version = secrets.token_hex(4)
        self.objects.setdefault(path, []).append((version, data))
        return version

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.failing:
            return self._error(self.failing.pop(0), "SlowDown")
        if f"Credential={self.key}/" not in request.headers.get("authorization", ""):
            return self._error(403, "InvalidAccessKeyId")
        versions = dict(self.objects.get(request.path, []))
        wanted = request.query.get("versionId")
        if not versions:
            return self._error(404, "NoSuchKey")
        if wanted is not None and wanted not in versions:
            return self._error(404, "NoSuchVersion")
        data = versions[wanted] if wanted else list(versions.values())[-1]
        if data is None:
            return self._error(405, "MethodNotAllowed") if wanted else self._error(404, "NoSuchKey")
        return web.Response(body=data)

    def _error(self, status: int, code: str) -> web.Response:
        return web.Response(
            status=status, text=f"<Error><Code>{code}</Code><Message>{self.key}</Message></Error>", content_type="application/xml"
        )


@dataclass
class FakeRegistry:
    """Manifests by name and digest. `challenge` is what it says to who shows no token; tokens are for one name."""

    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    challenge: str = ""
    says_digest: str | None = ""
    """None: it leaves the header away; "" is the true one."""
    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    password: str = "canary"
    prefix: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        shown = request.headers.get("authorization", "")
        self.asked.append((request.method, request.path, shown.partition(" ")[0]))
        if request.path == "/token":
            return self._token(request, shown)
        _, _, rest = request.path.removeprefix(self.prefix).partition("/v2/")
        name, _, reference = rest.partition("/manifests/")
        if self.challenge and not self._may(shown, name):
            return web.Response(status=401, headers={"www-authenticate": self.challenge})
        if (name, reference) not in self.manifests or "oci.image.index" not in request.headers.get("accept", ""):
            return web.Response(status=404)
        body = self.manifests[name, reference]
        headers = {} if self.says_digest is None else {"docker-content-digest": self.says_digest or reference}
        return web.Response(body=body, headers=headers)

    def _may(self, shown: str, name: str) -> bool:
        return shown == self._basic() or self.tokens.get(shown.removeprefix("Bearer ")) == name

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"robot:{self.password}".encode()).decode()

    def _token(self, request: web.Request, shown: str) -> web.Response:
        if "private" in request.query["scope"] and shown != self._basic():
            return web.Response(status=401)
        token = secrets.token_urlsafe(8)
        self.tokens[token] = request.query["scope"].split(":")[1]
        return web.json_response({"token": token})

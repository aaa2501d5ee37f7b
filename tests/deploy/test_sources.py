"""Where artifacts lie beside folders and plain HTTP: JFrog Artifactory, S3, and images in a registry, each as they answer in life."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from deploy.artifactory import Artifactory
from deploy.artifacts import Artifacts, NotFetched, NotFetchedNow
from deploy.images import Images, Registry, image_of
from deploy.s3 import S3, S3Settings

DATA = b"the program" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
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


@asynccontextmanager
async def an_artifactory(folder: Path, token: str = "canary") -> AsyncIterator[tuple[FakeArtifactory, Artifacts, str]]:
    fake = FakeArtifactory({"generic/payments/1.0/payments": DATA})
    async with serving(fake.answer) as host:
        base = f"http://{host}/artifactory"
        yield fake, Artifacts(folder / "kept", [Artifactory(base, token=token, plain=True)]), f"{base}/generic/payments/1.0/payments"


async def refused(artifacts: Artifacts, address: str) -> tuple[str, str]:
    with pytest.raises(NotFetched) as error:
        await artifacts.file(SHA, address)
    assert "canary" not in str(error.value)
    return error.value.code, str(error.value)


async def test_artifactory_gives_what_lies_in_a_generic_repository(tmp_path: Path) -> None:
    async with an_artifactory(tmp_path) as (_, artifacts, address):
        assert (await artifacts.file(SHA, address)).read_bytes() == DATA


async def test_artifactorys_token_goes_nowhere_else(tmp_path: Path) -> None:
    asked: list[tuple[str, str | None]] = []

    async def storage(request: web.Request) -> web.StreamResponse:
        asked.append((request.path, request.headers.get("authorization")))
        return web.Response(body=DATA)

    async with an_artifactory(tmp_path) as (fake, artifacts, address), serving(storage) as host:
        fake.storage = f"http://{host}"
        assert (await artifacts.file(SHA, address)).read_bytes() == DATA
        assert asked == [("/generic/payments/1.0/payments", None)]


async def test_what_artifactory_sent_broken_is_asked_again(tmp_path: Path) -> None:
    async with an_artifactory(tmp_path) as (fake, artifacts, address):
        fake.is_damaged = True
        with pytest.raises(NotFetchedNow, match="other bytes than Artifactory says it has"):
            await artifacts.file(SHA, address)
        fake.is_damaged = False
        fake.files["generic/payments/1.0/payments"] = b"overwritten"
        assert (await refused(artifacts, address))[0] == "wrong_digest"


@pytest.mark.parametrize(("status", "code"), [(401, "not_allowed"), (403, "not_allowed"), (404, "not_there")])
async def test_what_artifactory_refuses_is_said(tmp_path: Path, status: int, code: str) -> None:
    async with an_artifactory(tmp_path) as (fake, artifacts, address):
        fake.status = status
        assert (await refused(artifacts, address))[0] == code


async def test_artifactory_is_asked_only_for_what_lies_below_it(tmp_path: Path) -> None:
    async with an_artifactory(tmp_path) as (_, artifacts, address):
        base = address.partition("/generic")[0]
        for odd in ("/generic", "/generic/../x/y", "/generic/%2e%2e/%2E%2e/api/security"):
            assert (await refused(artifacts, base + odd))[0] == "bad_address"
        assert (await refused(artifacts, f"{base}-other/generic/x"))[0] == "no_source"
    with pytest.raises(ValueError, match="no https:// address"):
        Artifactory("http://art.example/artifactory", token="x")


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


@asynccontextmanager
async def an_s3(folder: Path, key: str = "AKIAEXAMPLE") -> AsyncIterator[tuple[FakeS3, Artifacts]]:
    pytest.importorskip("boto3")
    fake = FakeS3()
    async with serving(fake.answer) as host:
        source = S3(S3Settings(f"http://{host}", "eu-west-1", key, "canary", timeout_s=5))
        yield fake, Artifacts(folder / "kept", [source])
        source.close()


async def test_s3_gives_the_version_that_is_named(tmp_path: Path) -> None:
    async with an_s3(tmp_path) as (fake, artifacts):
        first = fake.put("/artifacts/pay ments/1.0", DATA)
        fake.put("/artifacts/pay ments/1.0", b"newer")
        assert (await artifacts.file(SHA, f"s3://artifacts/pay%20ments/1.0?versionId={first}")).read_bytes() == DATA
        newer = await artifacts.file(hashlib.sha256(b"newer").hexdigest(), "s3://artifacts/pay%20ments/1.0")
        assert newer.read_bytes() == b"newer"


async def test_what_s3_does_not_have_is_said(tmp_path: Path) -> None:
    async with an_s3(tmp_path) as (fake, artifacts):
        assert (await refused(artifacts, "s3://artifacts/nothing"))[0] == "not_there"
        fake.put("/artifacts/a", DATA)
        gone = fake.put("/artifacts/a", None)
        for address in ("s3://artifacts/a", f"s3://artifacts/a?versionId={gone}", "s3://artifacts/a?versionId=x"):
            assert (await refused(artifacts, address))[0] == "not_there"
        for odd in (
            "s3:///a",
            "s3://artifacts",
            "s3://artifacts/",
            "s3://artifacts/a?x=y",
            "s3://key:canary@artifacts/a",
            "s3://Not_A_Bucket!/a",
        ):
            assert (await refused(artifacts, odd))[0] == "bad_address", odd


async def test_s3_lets_in_who_signs_with_a_key_it_knows(tmp_path: Path) -> None:
    async with an_s3(tmp_path, key="AKIAOTHER") as (fake, artifacts):
        fake.put("/artifacts/a", DATA)
        code, said = await refused(artifacts, "s3://artifacts/a")
        assert (code, "AKIA" in said) == ("not_allowed", False)


async def test_s3_that_is_busy_may_be_asked_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    async with an_s3(tmp_path) as (fake, artifacts):
        fake.put("/artifacts/a", DATA)
        fake.failing = [503] * 4
        with pytest.raises(NotFetchedNow, match="SlowDown"):
            await artifacts.file(SHA, "s3://artifacts/a")
        fake.failing = []
        assert (await artifacts.file(SHA, "s3://artifacts/a")).read_bytes() == DATA
    with pytest.raises(NotFetchedNow, match="does not answer: EndpointConnectionError"):
        await Artifacts(tmp_path / "none", [S3(S3Settings("http://127.0.0.1:1", "eu-west-1", "x", "y"))]).file(SHA, "s3://artifacts/a")


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


@asynccontextmanager
async def a_registry() -> AsyncIterator[tuple[FakeRegistry, str]]:
    fake = FakeRegistry({(name, f"sha256:{DIGEST}"): MANIFEST for name in ("team/payments", "team/private")})
    async with serving(fake.answer) as host:
        yield fake, host


def images(*hosts: str, **registries: Registry) -> Images:
    return Images({host: registries.get("registry", Registry()) for host in hosts[:1]}, plain=frozenset(hosts), timeout_s=5)


async def not_there(images: Images, reference: str, sha256: str = "") -> tuple[str, str]:
    with pytest.raises(NotFetched) as error:
        await images.check(reference, sha256)
    assert "canary" not in str(error.value)
    return error.value.code, str(error.value)


async def test_an_image_that_is_there_is_found_without_downloading_it() -> None:
    async with a_registry() as (fake, host):
        image = await images(host).check(f"{host}/team/payments:1.0@sha256:{DIGEST}")
        assert str(image) == f"{host}/team/payments@sha256:{DIGEST}"
        assert await images(host).check(f"{host}/team/payments", DIGEST) == image
        assert fake.asked == [("HEAD", f"/v2/team/payments/manifests/sha256:{DIGEST}", "")] * 2


async def test_an_image_that_is_not_there_or_another_is_said() -> None:
    async with a_registry() as (fake, host):
        assert await not_there(images(host), f"{host}/team/other@sha256:{DIGEST}") == (
            "not_there",
            f"{host}/team/other@sha256:{DIGEST} is not there.",
        )
        assert (await not_there(images(host), f"{host}/team/payments@sha256:{DIGEST}", SHA))[0] == "wrong_digest"
        fake.says_digest = f"sha256:{SHA}"
        assert (await not_there(images(host), f"{host}/team/payments@sha256:{DIGEST}"))[0] == "wrong_digest"


async def test_a_registry_that_does_not_say_a_digest_is_checked_by_the_bytes() -> None:
    async with a_registry() as (fake, host):
        fake.says_digest = None
        await images(host).check(f"{host}/team/payments@sha256:{DIGEST}")
        fake.manifests["team/payments", f"sha256:{DIGEST}"] = MANIFEST + b" "
        assert (await not_there(images(host), f"{host}/team/payments@sha256:{DIGEST}"))[0] == "wrong_digest"
        fake.manifests["team/payments", f"sha256:{DIGEST}"] = bytes(5 * 2**20)
        assert (await not_there(images(host), f"{host}/team/payments@sha256:{DIGEST}"))[0] == "too_large"


async def test_a_token_is_asked_for_with_what_the_registry_wants() -> None:
    robot = Registry("robot", "canary")
    async with a_registry() as (fake, host):
        fake.challenge = f'Bearer realm="http://{host}/token",service="registry",scope="repository:team/payments:pull"'
        await images(host).check(f"{host}/team/payments@sha256:{DIGEST}")
        assert [each[2] for each in fake.asked] == ["", "", "Bearer"]
        fake.challenge = f'Bearer realm="http://{host}/token",service="registry"'
        private = f"{host}/team/private@sha256:{DIGEST}"
        assert (await not_there(images(host), private))[0] == "not_allowed"
        await images(host, registry=robot).check(private)
        fake.challenge = 'Basic realm="here"'
        await images(host, registry=robot).check(private)
        assert (await not_there(images(host, registry=Registry("robot", "wrong")), private))[0] == "not_allowed"
        assert (await not_there(images(host), private))[0] == "not_allowed"


async def test_credentials_go_to_no_host_that_a_registry_names() -> None:
    async with a_registry() as (fake, host), a_registry() as (other, elsewhere):
        fake.challenge = f'Bearer realm="http://{elsewhere}/token",scope="repository:team/payments:push"'
        robot = Registry("robot", "canary")
        assert (await not_there(images(host, elsewhere, registry=robot), f"{host}/team/payments@sha256:{DIGEST}"))[0] == "not_allowed"
        assert other.asked == [("GET", "/token", "")]
        assert list(other.tokens.values()) == ["team/payments"]
        named = Registry("robot", "canary", token_hosts=(elsewhere,))
        fake.tokens = other.tokens
        await images(host, elsewhere, registry=named).check(f"{host}/team/payments@sha256:{DIGEST}")
        assert other.asked[-1] == ("GET", "/token", "Basic")
        fake.challenge = 'Bearer realm="http://unsafe.example/token"'
        code, said = await not_there(images(host, registry=robot), f"{host}/team/private@sha256:{DIGEST}")
        assert (code, "not safe" in said) == ("not_allowed", True)


async def test_a_docker_repository_of_artifactory_without_a_host_of_its_own() -> None:
    async with a_registry() as (fake, host):
        fake.prefix = "/artifactory/api/docker/images"
        registry = Registry(api=f"http://{host}{fake.prefix}")
        await Images({"images.example": registry}).check(f"images.example/team/payments@sha256:{DIGEST}")
        assert fake.asked[0][1] == f"{fake.prefix}/v2/team/payments/manifests/sha256:{DIGEST}"


async def test_a_registry_that_does_not_answer_may_later() -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    async with serving(busy) as host:
        with pytest.raises(NotFetchedNow):
            await images(host).check(f"{host}/a@sha256:{DIGEST}")
    with pytest.raises(NotFetchedNow):
        await images(host).check(f"{host}/a@sha256:{DIGEST}")


@pytest.mark.parametrize(
    "reference",
    ["payments", "registry.example/payments", "registry.example/../x", "registry.example/Payments", "http://registry.example/a", "a@b.example/x",
     "registry.example/a?b", "registry.example/" + "a" * 600, "registry.example/a@sha256:abc", "registry.example:1234567/a", "/a", ""],
)  # fmt: skip
def test_what_is_no_image_by_digest_is_refused(reference: str) -> None:
    with pytest.raises(NotFetched) as error:
        image_of(reference, "" if reference == "registry.example/payments" else DIGEST)
    assert error.value.code == "bad_address"

"""Where artifacts lie beside folders and plain HTTP: JFrog Artifactory, S3, and images in a registry, each as they answer in life."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from deploy.artifactory import Artifactory
from deploy.artifacts import Artifacts, NotFetched, NotFetchedNow
from deploy.images import Images, Registry, image_of
from deploy.s3 import S3, S3Settings
from tests.fakes.artifact_sources import DIGEST, MANIFEST, FakeArtifactory, FakeRegistry, FakeS3, serving

DATA = b"the program" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


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

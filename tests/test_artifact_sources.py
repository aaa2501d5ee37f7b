"""Where artifacts lie is configured: what is registered can be had, what is deployed comes from there, and credentials stay ours."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app.sources import sources_of
from bot.settings import Settings, SettingsError, load
from bot.settings.secrets import secrets_of
from bot.store.tokens import Scope
from deploy.artifacts import NotFetched
from tests.api import api_of
from tests.fakes.artifact_sources import DIGEST, MANIFEST, FakeArtifactory, FakeRegistry, FakeS3, serving
from tests.world import World, a_world

DATA = b"the program" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
PATH = "generic/hello/1.0"
ART = '[artifacts.artifactory.main]\nurl = "https://art.example.com/artifactory"\n'
REGISTRY = '[artifacts.registries.main]\nhost = "registry.example.com"\n'

WRONG = {
    ART + 'token = "t"\nkey = "k"\n': "artifacts.artifactory.main: token and key are both set: keep one",
    ART.replace("https", "http"): "artifacts.artifactory.main.url: use an address that begins with https://",
    ART.replace("https://", "https://me:secret@"): "artifacts.artifactory.main.url holds a password: take it out, there are keys for it",
    ART + 'token_file = "nowhere"\n': "TRELLIS_ARTIFACTS__ARTIFACTORY__MAIN: token_file: nowhere cannot be read",
    ART + 'token = "t"\ntoken_file = "there"\n': "TRELLIS_ARTIFACTS__ARTIFACTORY__MAIN: token and token_file are both set: keep one",
    REGISTRY.replace("registry.example.com", "https://registry.example.com"): (
        "artifacts.registries.main.host: 'https://registry.example.com' is no host, like registry.example.com"
    ),
    REGISTRY + 'password = "p"\n': "artifacts.registries.main: a password without a user: set artifacts.registries.main.user",
    REGISTRY + 'api = "art.example.com"\n': "artifacts.registries.main.api: use an address that begins with https://",
    REGISTRY + REGISTRY.replace("main", "other"): "artifacts.registries: two of them have the same host",
    '[artifacts.s3]\naccess_key = "AKIA"\n': "artifacts.s3: access_key and secret_key belong together",
    '[artifacts.s3]\nendpoint_url = "minio"\n': "artifacts.s3.endpoint_url: use an address that begins with https://",
    '[artifacts.http.files]\nurl = "http://files.example.com"\n': "artifacts.http.files.url: use an address that begins with https://",
    '[artifacts.http.files]\nurl = "https://files.example.com"\nheaders = {"a b" = "c"}\n': (
        "artifacts.http.files.headers: 'a b' is no name of a header"
    ),
}


@pytest.mark.parametrize("toml", WRONG)
def test_a_source_that_cannot_be_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toml: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("x")
    (tmp_path / "trellis.toml").write_text(toml)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == WRONG[toml]


@asynccontextmanager
async def storing(folder: Path) -> AsyncIterator[tuple[dict[str, Any], str, str, str]]:
    """An Artifactory, an S3 and a registry, as settings with their secrets in files; and the host of each."""
    for name, secret in (("token", "canary-art"), ("password", "canary-registry"), ("s3", "canary-s3")):
        (folder / name).write_text(f"{secret}\n")
    art, s3 = FakeArtifactory({PATH: DATA}, token="canary-art"), FakeS3()
    registry = FakeRegistry({("team/hello", f"sha256:{DIGEST}"): MANIFEST}, challenge='Basic realm="x"', password="canary-registry")
    s3.put("/artifacts/hello", DATA)
    async with serving(art.answer) as at, serving(s3.answer) as at_s3, serving(registry.answer) as host:
        artifacts = {
            "artifactory": {"main": {"url": f"http://{at}/artifactory", "token_file": folder / "token", "plain": True}},
            "registries": {"main": {"host": host, "user": "robot", "password_file": folder / "password", "plain": True}},
            "s3": {
                "endpoint_url": f"http://{at_s3}",
                "region": "eu-west-1",
                "access_key": "AKIAEXAMPLE",
                "secret_key_file": folder / "s3",
            },
        }
        yield artifacts, at, at_s3, host


async def test_files_come_from_where_the_settings_say_and_secrets_are_known_to_be_secret(tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    async with storing(tmp_path) as (artifacts, art, _, host):
        settings = Settings(data_dir=tmp_path / "data", artifacts=artifacts)  # type: ignore[arg-type]
        assert {"canary-art", "canary-registry", "canary-s3"} <= set(secrets_of(settings))
        sources = sources_of(settings)
        for number, address in enumerate((f"http://{art}/artifactory/{PATH}", "s3://artifacts/hello")):
            await sources.see_image(DIGEST, f"{host}/team/hello")
            assert (await sources.file(SHA, address)).read_bytes() == DATA
            (settings.pushed_dir.with_name("files") / SHA).unlink()
            with pytest.raises(NotFetched) as missing:
                await sources.file(str(number) * 64, f"{address}-other")
            assert "canary" not in str(missing.value)
        with pytest.raises(NotFetched, match="is not there"):
            await sources.see_image("0" * 64, f"{host}/team/hello")
        await sources.see_image("0" * 64, "elsewhere.example.com/team/hello")
        sources.close()


async def test_what_nobody_can_fetch_is_refused_when_it_is_registered(tmp_path: Path) -> None:
    async with storing(tmp_path) as (artifacts, _, _, host), a_world(tmp_path / "data", artifacts=artifacts) as world:
        ci = await api_of(world, "ci", (Scope.ARTIFACTS,))
        new = {"service": "hello", "kind": "image", "sha256": DIGEST, "address": f"{host}/team/hello", "commit": "1" * 40, "program": "x\n"}
        assert (await ci.ask("POST", "/artifacts", json=new)).status_code == 201
        assert await ci.refused("POST", "/artifacts", json={**new, "sha256": "0" * 64}) == (422, "not_there")
        file = {**new, "kind": "binary", "address": "http://files.example.com/hello"}
        assert await ci.refused("POST", "/artifacts", json=file) == (422, "no_source")
        for path in ("/etc/passwd", f"{world.settings.pushed_dir}/../../trellis.toml"):
            assert await ci.refused("POST", "/artifacts", json={**file, "address": f"file://{path}"}) == (422, "no_source")
        strange = await ci.ask("POST", "/artifacts", json={**file, "address": "ftp://files.example.com/hello"})
        assert strange.json()["errors"][0]["detail"].startswith("address is none that artifacts are fetched from")
        assert (await ci.ask("POST", "/artifacts", json={**file, "sha256": SHA, "address": "s3://artifacts/hello"})).status_code == 201


async def test_an_image_that_is_gone_since_is_told_of_before_anything_is_made(world: World) -> None:
    ci = await api_of(world, "ci", (Scope.ARTIFACTS,))
    new = {"service": "hello", "kind": "image", "sha256": DIGEST, "address": "registry.example/hello", "commit": "1" * 40, "program": "x\n"}
    assert (await ci.ask("POST", "/artifacts", json=new)).status_code == 201
    world.files.missing[DIGEST] = "registry.example/hello is not there."
    [answer] = await world.types("/sled deploy hello@1111111 --to dev")
    assert "registry.example/hello is not there" in answer
    assert answer.endswith("reason: not_there")
    assert world.runner.runs == {}

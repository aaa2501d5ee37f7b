"""Where artifacts are, from the settings: files that can be fetched, and images that registries can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from bot.settings import ArtifactSettings, Settings
from deploy.artifactory import Artifactory
from deploy.artifacts import Artifacts, Folder, Http, NotFetchedNow, Source
from deploy.images import Images, Registry
from deploy.s3 import S3, S3Settings

log = structlog.get_logger()


class Sources:
    """`bot.worker.deploy_jobs.Files`, and what registering asks. Of images only registries in the settings are asked."""

    def __init__(self, folder: Path, sources: tuple[Source, ...], registries: Mapping[str, Registry], plain: frozenset[str]) -> None:
        self._sources = sources
        self._files = Artifacts(folder, sources)
        self._hosts = frozenset(registries)
        self._images = Images(registries, plain=plain)

    async def file(self, sha256: str, address: str) -> Path:
        return await self._files.file(sha256, address)

    def can_fetch(self, address: str) -> bool:
        found = next((each for each in self._sources if each.has(address)), None)
        return found.holds(address) if isinstance(found, Folder) else found is not None

    async def see_image(self, sha256: str, address: str) -> None:
        """Whether nodes use other credentials, and may have it already, nobody knows: so a registry that is away stops nothing."""
        if address.partition("/")[0].lower() not in self._hosts:
            return
        try:
            await self._images.check(address, sha256)
        except NotFetchedNow as error:
            log.warning("image_not_seen", image=address, reason=str(error))

    def close(self) -> None:
        for each in self._sources:
            if isinstance(each, S3):
                each.close()


def sources_of(settings: Settings) -> Sources:
    given, pushed = settings.artifacts, settings.pushed_dir
    plain = frozenset(each.host for each in given.registries.values() if each.plain)
    registries = {
        each.host: Registry(each.user, each.password.get_secret_value(), each.api, each.token_hosts) for each in given.registries.values()
    }
    return Sources(pushed.with_name("files"), (Folder(pushed), *_remote(given)), registries, plain)


def _remote(given: ArtifactSettings) -> tuple[Source, ...]:
    """Who is more particular comes first."""
    artifactories = [
        Artifactory(each.url, token=each.token.get_secret_value(), key=each.key.get_secret_value(), plain=each.plain)
        for each in given.artifactory.values()
    ]
    headers = {each.url: {name: value.get_secret_value() for name, value in each.headers.items()} for each in given.http.values()}
    s3 = [S3(S3Settings(it.endpoint_url, it.region, it.access_key, it.secret_key.get_secret_value()))] if (it := given.s3) else []
    return (*artifactories, *s3, Http(headers))

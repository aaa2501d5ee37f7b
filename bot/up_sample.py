"""What `trellis up` gives a newcomer who has configured nothing: a project, and a service of it to deploy to three environments."""

from __future__ import annotations

import json
from pathlib import Path

from bot import sample
from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.ids import new_id
from bot.sample.built import SERVICE, Build, builds
from bot.settings import Settings, SettingsError
from bot.store.store import Store

PROJECT = "sample"
_FIRST_PORT = 11
"""So many beyond the proxy's port: dev, then staging and prod."""


def sample_environment(settings: Settings) -> dict[str, str]:
    """Variables for the parts, {} for who has projects. Raises SettingsError."""
    if settings.projects:
        return {}
    try:
        folder = sample.make(_folder(settings))
    except sample.SampleError as error:
        raise SettingsError(str(error)) from error
    prefix = f"TRELLIS_PROJECTS__{PROJECT.upper()}__"
    project = {f"{prefix}FORGE": "local", f"{prefix}CLONE_URL": str(folder), f"{prefix}DEFAULT_BRANCH": "main"}
    return project | ({} if settings.services or settings.deploy.environments else _deploys(settings.proxy_port))


def _deploys(proxy_port: int) -> dict[str, str]:
    first = proxy_port + _FIRST_PORT if proxy_port < 65_000 else proxy_port - 1000
    ports = {name: first + place for place, name in enumerate(("dev", "staging", "prod"))}
    environments = {name: {"config": {SERVICE: {"port": port}}} for name, port in ports.items()}
    services = {SERVICE: {"project": PROJECT, "folder": SERVICE}}
    return {"TRELLIS_SERVICES": json.dumps(services), "TRELLIS_DEPLOY": json.dumps({"environments": environments})}


async def register_sample(settings: Settings, store: Store) -> None:
    """What is built of the sample's service, as a CI would: again it changes nothing. Main's is merged, for that is where it was read."""
    for build in builds(_folder(settings)):
        try:
            address = build.laid_in(settings.pushed_dir).as_uri()
        except OSError as error:
            raise SettingsError(f"{settings.pushed_dir} cannot be written to: {error}") from error
        async with store.transaction() as transaction:
            await transaction.artifacts.add(_artifact(build, address, transaction.now))


def _folder(settings: Settings) -> Path:
    return (settings.data_dir / "sample").absolute()


def _artifact(build: Build, address: str, now: float) -> Artifact:
    return Artifact(
        id=new_id(),
        service=SERVICE,
        kind=ArtifactKind.BINARY,
        sha256=build.sha256,
        address=address,
        size_bytes=len(build.content),
        project=PROJECT,
        commit=build.commit,
        ref=f"refs/heads/{build.branch}",
        title=build.title,
        author=build.author,
        program=build.program,
        registered_at=now,
        registered_by="trellis",
        merged_at=min(build.at, now) if build.branch == "main" else None,
        merge_asked_at=now,
    )

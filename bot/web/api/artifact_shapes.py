"""Artifacts as the API says them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from bot.domain.artifact import Artifact, ArtifactKind
from bot.web.api.shapes import at, moment


class ArtifactShape(BaseModel):
    """Its deploy.py is left out. `merged_at` is the forge's word: when its commit, which is on the default branch, was made."""

    id: str
    number: int = Field(description="of its service's artifacts, in the order in which they were registered")
    service: str
    project: str
    kind: ArtifactKind
    sha256: str
    address: str
    size_bytes: int | None
    commit: str
    ref: str
    request: int | None
    title: str
    author: str
    version: str
    contract_sha256: str
    contract_address: str
    registered_at: datetime
    registered_by: str
    merged_at: datetime | None


class ArtifactPage(BaseModel):
    artifacts: list[ArtifactShape]


def artifact_shape(it: Artifact) -> ArtifactShape:
    return ArtifactShape(
        id=it.id,
        number=it.number,
        service=it.service,
        project=it.project,
        kind=it.kind,
        sha256=it.sha256,
        address=it.address,
        size_bytes=it.size_bytes,
        commit=it.commit,
        ref=it.ref,
        request=it.request,
        title=it.title,
        author=it.author,
        version=it.version,
        contract_sha256=it.contract_sha256,
        contract_address=it.contract_address,
        registered_at=at(it.registered_at),
        registered_by=it.registered_by,
        merged_at=moment(it.merged_at),
    )

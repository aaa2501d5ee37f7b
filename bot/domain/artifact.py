"""What CI built of a service: registered once, never changed."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ArtifactKind(StrEnum):
    IMAGE = "image"  # a container image; its digest is that of its manifest
    BINARY = "binary"
    TERRAFORM = "terraform"
    ARCHIVE = "archive"


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `number` grows with each one that is registered; `program` is the text of its deploy.py, which is what runs.

    `merged_at` is the forge's word, never CI's: when its commit was seen on the protected branch, in seconds since the epoch.
    """

    id: str
    number: int = 0
    service: str
    kind: ArtifactKind
    sha256: str
    address: str
    size_bytes: int | None = None
    project: str
    commit: str
    ref: str = ""  # full: refs/heads/…
    request: int | None = None
    title: str = ""  # of the request, else of the commit
    author: str = ""
    version: str = ""
    program: str
    contract_sha256: str = ""  # of the file that holds what it promises others; "": it says nothing
    contract_address: str = ""
    registered_at: float
    registered_by: str  # an identity
    merged_at: float | None = None
    merge_asked_at: float | None = None  # when the forge was asked last

    @property
    def is_merged(self) -> bool:
        return self.merged_at is not None

    @property
    def short(self) -> str:
        """How people call it."""
        return self.version or self.commit[:8]

"""What a service promises to those who call it, as it lies beside an artifact: one file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from deploy.contracts.broken import Unreadable
from libdeploy import DeployError
from libdeploy.host.unpack import unpack

MOST_BYTES = 8 * 2**20
MOST_UNPACKED = 24 * 2**20
MOST_FILES = 2000
MOST_DOCUMENT_BYTES = 2 * 2**20

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip")
_IMAGES = {".binpb", ".desc", ".pb"}
_DOCUMENTS = {".yaml", ".yml", ".json"}
_SAYS_OPENAPI = re.compile(rb"""^\s*\{?\s*["']?openapi["']?\s*:""", re.MULTILINE)


@dataclass(frozen=True)
class Contract:
    """`protos` and `documents` by path inside the contract; `image` is a FileDescriptorSet (which a buf image is too)."""

    protos: Mapping[str, bytes] = field(default_factory=dict)
    image: bytes = b""
    documents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def has_protobuf(self) -> bool:
        return bool(self.protos or self.image)


def contract_of(name: str, data: bytes) -> Contract:
    """What a file of this name holds. Blocking: an archive is unpacked on disk for a moment.

    The name ends in `.proto`, or `.binpb`, `.desc` or `.pb` (a FileDescriptorSet), or `.yaml` or `.json` (an OpenAPI document), or it is an
    archive with any of them, sources at the paths by which they import each other. What else is in an archive, a .yaml without `openapi:`
    too, is left alone.

    Raises Unreadable.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(name, 0, 0, f"The contract is larger than {MOST_BYTES} bytes.")
    files = _unpacked(name, data) if name.lower().endswith(_ARCHIVES) else {PurePosixPath(name).name: data}
    protos = {path: each for path, each in files.items() if _ending(path) == ".proto"}
    images = {path: each for path, each in files.items() if _ending(path) in _IMAGES}
    documents = {path: each for path, each in files.items() if _ending(path) in _DOCUMENTS}
    if not (protos or images or documents):
        raise Unreadable(name, 0, 0, "There is no contract in this: no .proto, no .binpb, no OpenAPI document in .yaml or .json.")
    if len(images) > 1 or (images and protos):
        raise Unreadable(name, 0, 0, "Protobuf is either sources or one image (FileDescriptorSet), not both.")
    for path, each in documents.items():
        if len(each) > MOST_DOCUMENT_BYTES:
            raise Unreadable(path, 0, 0, f"The document is larger than {MOST_DOCUMENT_BYTES} bytes.")
    return Contract(protos, next(iter(images.values()), b""), documents)


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _unpacked(name: str, data: bytes) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="contract-") as folder:
        archive, into = Path(folder, "archive"), Path(folder, "files")
        archive.write_bytes(data)
        try:
            unpack(archive, into, most_bytes=MOST_UNPACKED, most_files=MOST_FILES)
        except DeployError as error:
            raise Unreadable(name, 0, 0, str(error)) from error
        wanted = {".proto", *_IMAGES, *_DOCUMENTS}
        paths = (path for path in sorted(into.rglob("*")) if path.suffix.lower() in wanted and path.is_file())
        found = {path.relative_to(into).as_posix(): path.read_bytes() for path in paths}
        return {path: each for path, each in found.items() if _ending(path) not in _DOCUMENTS or _SAYS_OPENAPI.search(each)}

"""Archives from outside, opened carefully: files and folders only, all of them inside, and not too many."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from libdeploy.errors import DeployError

MOST_BYTES = 2 * 2**30
MOST_FILES = 50_000
_CHUNK = 2**20
_MOST_AT_ONCE = 16 * 2**20
_HEADERS = 4096
"""What an entry takes in a tar beside its bytes, generously."""
_DEEPEST = 40
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw)),
    b"BZh": lambda raw: cast("IO[bytes]", bz2.BZ2File(raw)),
    b"\xfd7zXZ\0": lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw)),  # noqa: SIM115 - closed by `_opened`
}


@dataclass(frozen=True)
class _Entry:
    path: str
    is_folder: bool
    is_program: bool
    what: str
    """"" for a file or folder; else what it is instead."""


def unpack(archive: Path, into: Path, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
    """Unpack a tar (plain, gz, bz2, xz) or zip into the folder `into`, which is made.

    Raises DeployError `bad_archive` for links, devices, paths that lead outside, the same path twice, and more than the limits; then
    `into` is not there.
    """
    into.mkdir(parents=True)
    try:
        with _opened(archive, most_bytes + (most_files + 100) * _HEADERS, most_files) as entries:
            _write(entries, into, most_bytes, most_files)
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        shutil.rmtree(into, ignore_errors=True)
        raise DeployError(f"The archive cannot be unpacked: {error}.", "bad_archive") from error
    except DeployError:
        shutil.rmtree(into, ignore_errors=True)
        raise


def _write(entries: Iterator[tuple[_Entry, IO[bytes] | None]], into: Path, most_bytes: int, most_files: int) -> None:
    seen, left = _Seen(most_files), most_bytes
    for entry, stream in entries:
        path = _inside(entry)
        seen.add(path, entry)
        target = into / path
        if entry.is_folder or stream is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)  # what is there counts, not what the archive says
                if left < 0:
                    raise DeployError(f"The archive holds more than {most_bytes} bytes.", "bad_archive")
                file.write(chunk)
        target.chmod(0o755 if entry.is_program else 0o644)


class _Seen:
    """Everything that will lie there, folders that only paths name included, as file systems take names that hear no case."""

    def __init__(self, most: int) -> None:
        self._names: dict[str, str] = {}
        self._most = most

    def add(self, path: PurePosixPath, entry: _Entry) -> None:
        for folder in reversed(path.parents):
            self._one(str(folder), entry, may_be_there=True)
        self._one(str(path), entry, may_be_there=entry.is_folder)

    def _one(self, name: str, entry: _Entry, *, may_be_there: bool) -> None:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in self._names and (not may_be_there or self._names[key] != name):
            raise DeployError(f"The archive holds {entry.path} twice.", "bad_archive")
        self._names[key] = name
        if len(self._names) > self._most + 1:  # the folder itself
            raise DeployError(f"The archive holds more than {self._most} files.", "bad_archive")


def _inside(entry: _Entry) -> PurePosixPath:
    path = PurePosixPath(entry.path)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.path or "\0" in entry.path:
        raise DeployError(f"The archive holds {entry.path!r}, which leads outside of it.", "bad_archive")
    if not entry.path.isprintable() or len(path.parts) > _DEEPEST:
        raise DeployError(f"The archive holds {entry.path[:200]!r}, which is no name for a file.", "bad_archive")
    if entry.what:
        raise DeployError(f"The archive holds {entry.path}, {entry.what}: only files and folders may be in it.", "bad_archive")
    return path


class _Bounded:
    """A file of which nobody reads very much at once, nor beyond a place: headers of archives say how much of them is to be read."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, most

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_AT_ONCE:
            raise ValueError("it has a header without end")
        data = self._file.read(size if size >= 0 else _MOST_AT_ONCE + 1)
        if len(data) > _MOST_AT_ONCE or self._file.tell() > self._most:
            raise ValueError("there is too much in it")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_END and offset > self._most:
            raise ValueError("there is too much in it")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


@contextmanager
def _opened(archive: Path, most: int, most_files: int) -> Iterator[Iterator[tuple[_Entry, IO[bytes] | None]]]:
    """What it is, its first bytes say: a tar may hold a zip, and end with it."""
    with archive.open("rb") as raw:
        begin = raw.read(6)
        raw.seek(0)
        if begin.startswith((b"PK\3\4", b"PK\5\6")):
            with zipfile.ZipFile(cast("IO[bytes]", _Bounded(raw, archive.stat().st_size))) as zipped:
                if len(zipped.infolist()) > most_files:
                    raise DeployError(f"The archive holds more than {most_files} files.", "bad_archive")
                yield _zip_entries(zipped)
            return
        opened = next((how for magic, how in _COMPRESSED.items() if begin.startswith(magic)), None)
        with opened(raw) if opened else raw as plain, tarfile.open(fileobj=cast("IO[bytes]", _Bounded(plain, most)), mode="r:") as tar:
            yield _tar_entries(tar)


def _tar_entries(tar: tarfile.TarFile) -> Iterator[tuple[_Entry, IO[bytes] | None]]:
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]  # nobody asks for them again, and their headers may be long
        what = "" if member.isreg() or member.isdir() else "a link" if member.issym() or member.islnk() else "a device or a pipe"
        entry = _Entry(member.name, member.isdir(), bool(member.mode & 0o111), what)
        yield entry, tar.extractfile(member) if member.isreg() else None


def _zip_entries(zipped: zipfile.ZipFile) -> Iterator[tuple[_Entry, IO[bytes] | None]]:
    for info in zipped.infolist():
        mode = info.external_attr >> 16
        kind = mode & 0o170000
        what = "a link" if kind == 0o120000 else "a device or a pipe" if kind not in {0, 0o100000, 0o040000} else ""
        entry = _Entry(info.filename, info.is_dir(), bool(mode & 0o111), what)
        if what or info.is_dir():
            yield entry, None
        else:
            with zipped.open(info) as stream:
                yield entry, stream

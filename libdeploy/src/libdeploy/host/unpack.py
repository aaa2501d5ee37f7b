"""Archives from outside, opened carefully: files and folders only, all of them inside, and not too many."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from libdeploy.errors import DeployError

MOST_BYTES = 2 * 2**30
MOST_FILES = 50_000
_CHUNK = 2**20


@dataclass(frozen=True)
class _Entry:
    path: str
    size: int
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
        with _opened(archive) as entries:
            _write(entries, into, most_bytes, most_files)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        shutil.rmtree(into, ignore_errors=True)
        raise DeployError(f"The archive cannot be unpacked: {error}.", "bad_archive") from error
    except DeployError:
        shutil.rmtree(into, ignore_errors=True)
        raise


def _write(entries: Iterator[tuple[_Entry, IO[bytes] | None]], into: Path, most_bytes: int, most_files: int) -> None:
    seen, left = set[str](), most_bytes
    for entry, stream in entries:
        path = _inside(entry)
        if len(seen) >= most_files:
            raise DeployError(f"The archive holds more than {most_files} files.", "bad_archive")
        if str(path) in seen and not entry.is_folder:
            raise DeployError(f"The archive holds {entry.path} twice.", "bad_archive")
        seen.add(str(path))
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


def _inside(entry: _Entry) -> PurePosixPath:
    if entry.what:
        raise DeployError(f"The archive holds {entry.path}, {entry.what}: only files and folders may be in it.", "bad_archive")
    path = PurePosixPath(entry.path)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.path or "\0" in entry.path:
        raise DeployError(f"The archive holds {entry.path!r}, which leads outside of it.", "bad_archive")
    return path


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[tuple[_Entry, IO[bytes] | None]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield _zip_entries(zipped)
    else:
        with tarfile.open(archive, "r:*") as tar:
            yield _tar_entries(tar)


def _tar_entries(tar: tarfile.TarFile) -> Iterator[tuple[_Entry, IO[bytes] | None]]:
    for member in tar:
        what = "" if member.isreg() or member.isdir() else "a link" if member.issym() or member.islnk() else "a device or a pipe"
        entry = _Entry(member.name, member.size, member.isdir(), bool(member.mode & 0o111), what)
        yield entry, tar.extractfile(member) if member.isreg() else None


def _zip_entries(zipped: zipfile.ZipFile) -> Iterator[tuple[_Entry, IO[bytes] | None]]:
    for info in zipped.infolist():
        mode = info.external_attr >> 16
        kind = mode & 0o170000
        what = "a link" if kind == 0o120000 else "a device or a pipe" if kind not in {0, 0o100000, 0o040000} else ""
        entry = _Entry(info.filename, info.file_size, info.is_dir(), bool(mode & 0o111), what)
        if what or info.is_dir():
            yield entry, None
        else:
            with zipped.open(info) as stream:
                yield entry, stream

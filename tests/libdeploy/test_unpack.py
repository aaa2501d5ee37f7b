"""An archive from outside can put nothing outside, and no more than was said."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from libdeploy import DeployError
from libdeploy.host.unpack import unpack

Member = tuple[str, bytes, int]  # path, content, mode


def tar(folder: Path, *members: Member, extra: Callable[[tarfile.TarFile], None] = lambda _: None, how: str = "w:gz") -> Path:
    path = folder / "archive.tar"
    with tarfile.open(path, how) as file:  # type: ignore[call-overload]
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            file.addfile(info, io.BytesIO(content))
        extra(file)
    return path


def zipped(folder: Path, *members: Member) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100000 | mode) << 16
            file.writestr(info, content)
    return path


@pytest.mark.parametrize("how", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_files_come_out_as_they_went_in(tmp_path: Path, how: str) -> None:
    members = [("bin/serve", b"#!/bin/sh\n", 0o755), ("etc/settings.json", b"{}", 0o600), ("./readme", b"x", 0o644)]
    archive = zipped(tmp_path, *members) if how == "zip" else tar(tmp_path, *members, how=how)
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out/bin/serve").read_bytes() == b"#!/bin/sh\n"
    assert ((tmp_path / "out/bin/serve").stat().st_mode & 0o777, (tmp_path / "out/etc/settings.json").stat().st_mode & 0o777) == (
        0o755,
        0o644,
    )
    assert (tmp_path / "out/readme").exists()


def link(kind: bytes) -> Callable[[tarfile.TarFile], None]:
    def add(file: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("escape")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)

    return add


def refused(archive: Path, into: Path, words: str, **limits: int) -> None:
    with pytest.raises(DeployError) as error:
        unpack(archive, into, **limits)
    assert (error.value.code, words in str(error.value)) == ("bad_archive", True), str(error.value)
    assert not into.exists()


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device or a pipe"),
        (tarfile.FIFOTYPE, "a device or a pipe"),
    ],
)
def test_only_files_and_folders(tmp_path: Path, kind: bytes, what: str) -> None:
    archive = tar(tmp_path, ("a", b"", 0o644), extra=link(kind))
    refused(archive, tmp_path / "out", f"The archive holds escape, {what}: only files and folders may be in it.")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\..\\x"])
def test_nothing_leads_outside(tmp_path: Path, name: str) -> None:
    refused(tar(tmp_path, (name, b"x", 0o644)), tmp_path / "out", "which leads outside of it")
    refused(zipped(tmp_path, (name, b"x", 0o644)), tmp_path / "out", "which leads outside of it")
    assert not (tmp_path / "x").exists()


def test_a_link_in_a_zip_is_one(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("escape")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    refused(path, tmp_path / "out", "escape, a link")


def test_too_much_is_too_much(tmp_path: Path) -> None:
    many = [(f"f{number}", b"1234567890", 0o644) for number in range(11)]
    refused(tar(tmp_path, *many), tmp_path / "out", "more than 100 bytes", most_bytes=100)
    refused(tar(tmp_path, *many), tmp_path / "out", "more than 10 files", most_files=10)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(5_000_000))
    assert bomb.stat().st_size < 10_000
    refused(bomb, tmp_path / "out", "more than 1000000 bytes", most_bytes=1_000_000)


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    refused(tar(tmp_path, ("a", b"1", 0o644), ("./a", b"2", 0o644)), tmp_path / "out", "./a twice")


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    refused(tar(tmp_path, ("a", b"1", 0o644), ("a/b", b"2", 0o644)), tmp_path / "out", "cannot be unpacked")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x1f\x8b\x08 half a gzip"])
def test_what_is_no_archive_is_said(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "archive"
    path.write_bytes(data)
    refused(path, tmp_path / "out", "The archive cannot be unpacked: ")


def test_an_archive_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    whole = tar(tmp_path, ("a", bytes(100_000), 0o644), ("b", b"x" * 100_000, 0o644), how="w").read_bytes()
    (tmp_path / "half").write_bytes(whole[:150_000])
    refused(tmp_path / "half", tmp_path / "out", "The archive cannot be unpacked: ")

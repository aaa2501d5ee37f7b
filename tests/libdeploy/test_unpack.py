"""An archive from outside can put nothing outside, and no more than was said."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_names_that_some_file_systems_take_for_one_are_refused(tmp_path: Path) -> None:
    refused(tar(tmp_path, ("a/b", b"1", 0o644), ("a/B", b"2", 0o644)), tmp_path / "out", "a/B twice")
    refused(tar(tmp_path, ("a/b", b"1", 0o644), ("A/c", b"2", 0o644)), tmp_path / "out", "A/c twice")
    refused(zipped(tmp_path, ("\u00e9", b"1", 0o644), ("e\u0301", b"2", 0o644)), tmp_path / "out", "twice")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\udcff", "\u202egnp.exe", "/".join("a" * 41)])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    refused(tar(tmp_path, (name, b"1", 0o644)), tmp_path / "out", "which is no name for a file")


@pytest.mark.parametrize("name", ["", ".", "a" * 300])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    refused(tar(tmp_path, (name, b"1", 0o644)), tmp_path / "out", "")


def test_folders_that_only_paths_name_count_too(tmp_path: Path) -> None:
    members = [(f"{'/'.join(f'{first}{n}' for n in range(30))}/file", b"", 0o644) for first in "abcd"]
    refused(tar(tmp_path, *members), tmp_path / "out", "more than 100 files", most_files=100)
    unpack(tar(tmp_path, *members), tmp_path / "out", most_files=124)


def test_no_right_but_to_run_comes_out_of_an_archive(tmp_path: Path) -> None:
    unpack(tar(tmp_path, ("a", b"1", 0o6777), ("b", b"2", 0o000)), tmp_path / "out")
    assert [(tmp_path / "out" / name).stat().st_mode & 0o7777 for name in "ab"] == [0o755, 0o644]


def test_a_header_without_end_is_not_read(tmp_path: Path) -> None:
    """190 KB that become 200 MB of a comment."""
    path = tmp_path / "archive"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as file:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"comment": "x" * (17 * 2**20)}
        file.addfile(info)
    refused(path, tmp_path / "out", "it has a header without end")


def test_what_is_skipped_has_an_end_too(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    info = tarfile.TarInfo("folder")
    info.type, info.size = tarfile.XGLTYPE, 10**12
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    refused(path, tmp_path / "out", "The archive cannot be unpacked: ")


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = zipped(tmp_path, ("inner", b"1", 0o644)).read_bytes()
    unpack(tar(tmp_path, ("lib/x.jar", inner, 0o644), how="w"), tmp_path / "out")
    assert (tmp_path / "out/lib/x.jar").read_bytes() == inner


def test_a_zip_of_very_many_is_refused_before_any_is_written(tmp_path: Path) -> None:
    path = zipped(tmp_path, *[(f"f{number}", b"", 0o644) for number in range(20)])
    into = tmp_path / "out"
    with pytest.raises(DeployError, match="more than 10 files"):
        unpack(path, into, most_files=10)
    assert not into.exists()


def test_a_zip_with_a_password_or_a_wrong_sum_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path, ("a", b"x" * 100, 0o644)).read_bytes())
    broken = data.replace(b"x" * 100, b"x" * 99 + b"y")
    (tmp_path / "broken.zip").write_bytes(broken)
    refused(tmp_path / "broken.zip", tmp_path / "out", "Bad CRC-32")
    for signature, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.find(signature) + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    refused(tmp_path / "locked.zip", tmp_path / "out", "encrypted")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=40), st.sampled_from(["w", "w:gz", "w:xz", "w:bz2", "zip"]))
def test_whatever_is_in_it_ends_in_a_refusal_or_inside(at: int, noise: bytes, how: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        members = [("bin/serve", b"#!/bin/sh\n", 0o755), ("etc/a", b"{}" * 300, 0o600)]
        archive = zipped(folder, *members) if how == "zip" else tar(folder, *members, how=how)
        data = bytearray(archive.read_bytes())
        at %= len(data)
        data[at : at + len(noise)] = noise
        archive.write_bytes(data)
        try:
            unpack(archive, folder / "out", most_bytes=10_000, most_files=50)
        except DeployError as error:
            assert (error.code, (folder / "out").exists()) == ("bad_archive", False)  # noqa: PT017
        assert {path.name for path in folder.iterdir()} <= {"out", archive.name}
        assert not any(path.is_symlink() for path in folder.rglob("*"))

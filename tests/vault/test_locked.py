"""Secrets in sealed files: whoever has the folder and not the key has nothing."""

from __future__ import annotations

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.domain.ids import new_id
from bot.vault.locked import BadKey, LockedFiles, kept_key, key_of
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable

KEY = bytes(range(32))
ID, OTHER = new_id(), new_id()
SECRET = "trl_key_do-not-show-this"


@pytest.fixture
def vault(tmp_path: Path) -> LockedFiles:
    return LockedFiles(tmp_path, KEY)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_what_was_written_is_read_and_the_newest_counts(vault: LockedFiles, tmp_path: Path) -> None:
    await vault.write(f"/dev-envs/{ID}/key", "first")
    await vault.write(f"/dev-envs/{ID}/key", SECRET)
    assert await vault.read(f"/dev-envs/{ID}/key") == SECRET
    [file] = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET.encode() not in file.read_bytes()
    assert base64.b64encode(SECRET.encode())[:16] not in file.read_bytes()


async def test_the_same_secret_looks_different_each_time(vault: LockedFiles, tmp_path: Path) -> None:
    await vault.write("/sandbox/one", SECRET)
    await vault.write("/sandbox/two", SECRET)
    one, two = (file.read_bytes() for file in files(tmp_path))
    assert one != two


async def test_an_environment_that_goes_takes_its_own_along_and_no_other(vault: LockedFiles, tmp_path: Path) -> None:
    for path in (f"/dev-envs/{ID}/key", f"/dev-envs/{ID}/binance/key", f"/dev-envs/{OTHER}/key", "/sandbox/key"):
        await vault.write(path, SECRET)
    await vault.remove(ID)
    await vault.remove(ID)
    with pytest.raises(NoSecret):
        await vault.read(f"/dev-envs/{ID}/key")
    assert await vault.read(f"/dev-envs/{OTHER}/key") == SECRET
    assert await vault.read("/sandbox/key") == SECRET
    assert ID not in "".join(map(str, files(tmp_path)))


@pytest.mark.parametrize("path", ["/prod/key", "/sandbox/../prod/key", "/dev-envs/*/key"])
async def test_production_is_refused_by_the_files_themselves(vault: LockedFiles, tmp_path: Path, path: str) -> None:
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "key.sealed").write_bytes(b"x" * 40)
    with pytest.raises(PathRefused):
        await vault.read(path)
    with pytest.raises(PathRefused):
        await vault.write(path, SECRET)


@pytest.mark.parametrize("environment", ["", "*", "..", "../sandbox", "demo"])
async def test_nothing_but_one_environment_can_be_removed(vault: LockedFiles, environment: str) -> None:
    await vault.write("/sandbox/key", SECRET)
    with pytest.raises(PathRefused):
        await vault.remove(environment)
    assert await vault.read("/sandbox/key") == SECRET


async def test_one_that_was_put_in_anothers_place_opens_nothing(vault: LockedFiles, tmp_path: Path) -> None:
    await vault.write(f"/dev-envs/{ID}/key", SECRET)
    await vault.write(f"/dev-envs/{OTHER}/key", "another")
    one, two = (tmp_path / "dev-envs" / each / "key.sealed" for each in (ID, OTHER))
    two.write_bytes(one.read_bytes())
    with pytest.raises(VaultUnavailable, match="does not open"):
        await vault.read(f"/dev-envs/{OTHER}/key")


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 100])
async def test_a_damaged_file_and_another_key_open_nothing_and_show_nothing(vault: LockedFiles, tmp_path: Path, damage: bytes) -> None:
    await vault.write("/sandbox/key", SECRET)
    with pytest.raises(VaultUnavailable) as told:
        await LockedFiles(tmp_path, bytes(32)).read("/sandbox/key")
    assert SECRET not in str(told.value)
    (tmp_path / "sandbox" / "key.sealed").write_bytes(damage)
    with pytest.raises(VaultUnavailable):
        await vault.read("/sandbox/key")


def test_a_key_is_made_once_whoever_asks_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: kept_key(tmp_path / "vault" / "key"), range(32)))
    assert len(found) == 1
    assert (tmp_path / "vault" / "key").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (tmp_path / "vault").iterdir()] == ["key"]


def test_what_is_no_key_is_refused_without_being_shown() -> None:
    assert key_of(base64.b64encode(KEY).decode()) == KEY
    raw = secrets.token_bytes(32)
    assert key_of(base64.urlsafe_b64encode(raw).decode()) == raw
    for wrong in ("", "short", base64.b64encode(bytes(16)).decode(), "not base64 at all, but quite long indeed!!!!"):
        with pytest.raises(BadKey, match="32 bytes") as told:
            key_of(wrong)
        assert not wrong or wrong not in str(told.value)

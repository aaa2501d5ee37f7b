"""Secrets in files of this host, each encrypted (AES-256-GCM) and bound to its path: one put in another's place opens nothing."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import secrets
import shutil
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.vault import paths
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable

_NONCE, _KEY = 12, 32
_ENDING = ".sealed"


class BadKey(ValueError):  # noqa: N818 - the text is the sentence
    """What is configured is no key."""


def key_of(text: str) -> bytes:
    """32 bytes in base64. Raises BadKey."""
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        raise BadKey(f"a vault's key is {_KEY} bytes in base64: openssl rand -base64 {_KEY}")
    return key


def kept_key(path: Path) -> bytes:
    """The key in that file, made when there is none; of two who make one at once both get the same. Raises BadKey."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        _private(draft, base64.b64encode(secrets.token_bytes(_KEY)))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return key_of(path.read_text().strip())


class LockedFiles:
    """Fills the port `Vault`. Whoever has the folder and not the key has nothing."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._cipher = folder, AESGCM(key)

    async def read(self, path: str) -> str:
        return await asyncio.to_thread(self._read, paths.checked(path))

    async def write(self, path: str, secret: str) -> None:
        await asyncio.to_thread(self._write, paths.checked(path), secret)

    async def remove(self, environment: str) -> None:
        await asyncio.to_thread(self._remove, self._folder / paths.own(environment).strip("/"))

    async def is_refused(self, path: str) -> bool:
        """Ask these files for whatever path: whatever is not refused could have been read."""
        try:
            await self.read(path)
        except PathRefused:
            return True
        except NoSecret:
            return False
        return False

    def _file(self, path: str) -> Path:
        return self._folder / f"{path.strip('/')}{_ENDING}"

    def _read(self, path: str) -> str:
        try:
            sealed = self._file(path).read_bytes()
        except FileNotFoundError:
            raise NoSecret(path) from None
        except OSError as problem:
            raise VaultUnavailable(f"the secret {path} cannot be read: {problem.strerror}") from problem
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], path.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultUnavailable(f"the secret {path} does not open with this key") from None

    def _write(self, path: str, secret: str) -> None:
        file, nonce = self._file(path), secrets.token_bytes(_NONCE)
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
            _private(draft, nonce + self._cipher.encrypt(nonce, secret.encode(), path.encode()))
            draft.replace(file)
        except OSError as problem:
            raise VaultUnavailable(f"the secret {path} cannot be written: {problem.strerror}") from problem

    def _remove(self, folder: Path) -> None:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as problem:
            raise VaultUnavailable(f"secrets cannot be removed: {problem.strerror}") from problem


def _private(path: Path, content: bytes) -> None:
    """For our eyes only from its first byte on, and on the disk before it counts."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

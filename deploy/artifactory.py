"""Artifacts in a generic repository of JFrog Artifactory.

https://jfrog.com/help/r/jfrog-rest-apis/retrieve-artifact: `GET BASE/REPOSITORY/PATH`, whose answer bears `X-Checksum-Sha256`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from deploy.artifacts import Http, NotFetched, NotFetchedNow, shown

_CHECKSUM = "x-checksum-sha256"


class Artifactory:
    """Addresses below one Artifactory's `base`, like https://art.example/artifactory.

    `token` is an access token (`Authorization: Bearer`), `key` an API key (`X-JFrog-Art-Api`). They go to addresses below `base` only,
    whatever it redirects to (a storage of the cloud, often). `plain` allows http.
    """

    def __init__(self, base: str, *, token: str = "", key: str = "", plain: bool = False, timeout_s: float = 60) -> None:
        if urlsplit(base).scheme not in ({"https", "http"} if plain else {"https"}):
            raise ValueError(f"{shown(base)} is no https:// address of an Artifactory")
        self._base = base.rstrip("/") + "/"
        headers = {"authorization": f"Bearer {token}"} if token else {"x-jfrog-art-api": key} if key else {}
        self._http = Http({self._base: headers}, plain=plain, timeout_s=timeout_s)

    def has(self, address: str) -> bool:
        return address.startswith(self._base)

    async def read(self, address: str) -> AsyncIterator[bytes]:
        parts = urlsplit(address)
        if ".." in parts.path.split("/") or "%2e" in parts.path.lower() or parts.path.count("/") - urlsplit(self._base).path.count("/") < 1:
            raise NotFetched(f"{shown(address)} is no REPOSITORY/PATH below {shown(self._base)}.", "bad_address")
        said: dict[str, str] = {}
        digest = hashlib.sha256()
        async for chunk in self._http.read_with(said, address):
            digest.update(chunk)
            yield chunk
        wanted = said.get(_CHECKSUM, "").lower()
        if wanted and wanted != digest.hexdigest():
            raise NotFetchedNow(f"{shown(address)} came with other bytes than Artifactory says it has: it is asked again.")

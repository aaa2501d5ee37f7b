"""Container images by their digest: whether a registry has them. Nothing is downloaded.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md; JFrog's Docker repositories and Docker Hub speak it too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from deploy.artifacts import NotFetched, NotFetchedNow, check_status, shown

_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)
MOST_BYTES = 4 * 2**20
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    r"(?P<host>localhost(?::\d{1,5})?|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d{1,5})?|[A-Za-z0-9-]+:\d{1,5})"
    rf"/(?P<name>{_PART}(?:/{_PART})*)(?::[\w.-]{{1,128}})?(?:@sha256:(?P<digest>[0-9a-f]{{64}}))?"
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_SCOPE = re.compile(r"repository:[\w./-]+:pull")
_LONGEST = 512


@dataclass(frozen=True)
class Registry:
    """How one is asked. `password` may be a token.

    `api` is where its API is, if not at https://HOST: for a JFrog Docker repository without a host of its own
    https://art.example/artifactory/api/docker/REPOSITORY. Credentials go to the registry itself, and to the hosts in `token_hosts` that
    give tokens for it; to nobody else that it names.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    api: str = ""
    token_hosts: tuple[str, ...] = ()


HUB = Registry(api="https://registry-1.docker.io", token_hosts=("auth.docker.io",))


@dataclass(frozen=True)
class Image:
    host: str
    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}@{self.digest}"


def image_of(reference: str, sha256: str = "") -> Image:
    """`HOST/NAME@sha256:…`, or without the digest where `sha256` says it. Raises NotFetched `bad_address` or `wrong_digest`."""
    found = _REFERENCE.fullmatch(reference) if len(reference) <= _LONGEST else None
    if not found:
        raise NotFetched(f"{reference[:_LONGEST]!r} is no image of a registry: HOST/NAME@sha256:….", "bad_address")
    said = found["digest"]
    if not (said or sha256):
        raise NotFetched(f"{reference} has no digest: a tag may be another image tomorrow.", "bad_address")
    if said and sha256 and said != sha256:
        raise NotFetched(f"{reference} is another image than the one that was registered, {sha256[:12]}….", "wrong_digest")
    return Image(found["host"].lower(), found["name"], f"sha256:{said or sha256}")


class Images:
    """Registries by host; one that is not named is asked without credentials. `plain` names hosts that are asked over http."""

    def __init__(self, registries: Mapping[str, Registry], *, plain: frozenset[str] = frozenset(), timeout_s: float = 30) -> None:
        self._registries = {"docker.io": HUB, **registries}
        self._plain = plain
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def check(self, reference: str, sha256: str = "") -> Image:
        """Whether the registry has a manifest with exactly this digest. Raises NotFetched, NotFetchedNow."""
        image = image_of(reference, sha256)
        try:
            async with aiohttp.ClientSession(timeout=self._timeout) as session:
                await _Asking(session, image, self._registries.get(image.host, Registry()), self._plain).check()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotFetchedNow(f"{image.host} does not answer: {type(error).__name__}.") from error
        return image


class _Asking:
    """One image, asked for."""

    def __init__(self, session: aiohttp.ClientSession, image: Image, registry: Registry, plain: frozenset[str]) -> None:
        self._session, self._image, self._registry, self._plain = session, image, registry, plain
        base = registry.api.rstrip("/") or f"{'http' if image.host in plain else 'https'}://{image.host}"
        self._url = f"{base}/v2/{image.name}/manifests/{image.digest}"
        self._headers = {"accept": _ACCEPTED}
        self._challenge = ""

    async def check(self) -> None:
        found = await self._ask("HEAD")
        if found is None:
            self._headers["authorization"] = await self._authorization()
            found = await self._ask("HEAD")
        if found == "":
            found = await self._ask("GET")
        if found is None:
            raise NotFetched(f"{self._image.host} keeps {self._image.name} from us: credentials are missing or not enough.", "not_allowed")
        if found != self._image.digest:
            raise NotFetched(f"{self._image.host} has {found[:19]}… where {self._image.digest[:19]}… is asked for.", "wrong_digest")

    async def _ask(self, method: str) -> str | None:
        """The digest of what is there: None when we have to say who we are, "" when it does not say."""
        async with self._session.request(method, self._url, headers=self._headers, allow_redirects=False) as answer:
            if answer.status == 401:
                self._challenge = answer.headers.get("www-authenticate", "")
                return None
            if answer.status == 404:
                raise NotFetched(f"{self._image} is not there.", "not_there")
            check_status(f"https://{self._image.host}/{self._image.name}", answer.status)
            if method == "HEAD":
                return answer.headers.get("docker-content-digest", "")
            return f"sha256:{hashlib.sha256(await self._body(answer)).hexdigest()}"

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        body = b""
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MOST_BYTES:
                raise NotFetched(f"{self._image.host} answers more than {MOST_BYTES} bytes for {self._image.name}.", "too_large")
        return body

    async def _authorization(self) -> str:
        """https://distribution.github.io/distribution/spec/auth/token/: only to pull, and only this repository."""
        scheme, _, rest = self._challenge.partition(" ")
        said = dict(_CHALLENGE.findall(rest))
        if scheme.lower() == "basic" and self._registry.user:
            return aiohttp.encode_basic_auth(self._registry.user, self._registry.password)
        if scheme.lower() != "bearer" or not said.get("realm"):
            raise NotFetched(f"{self._image.host} asks for credentials that we do not have.", "not_allowed")
        realm = urlsplit(said["realm"])
        if realm.scheme != "https" and not (realm.scheme == "http" and realm.netloc in self._plain):
            raise NotFetched(f"{self._image.host} sends us for a token to {shown(said['realm'])}, which is not safe.", "not_allowed")
        scope = said.get("scope", "")
        query = {"scope": scope if _SCOPE.fullmatch(scope) else f"repository:{self._image.name}:pull"}
        if said.get("service"):
            query["service"] = said["service"]
        return f"Bearer {await self._token(said['realm'], realm.netloc, query)}"

    async def _token(self, realm: str, host: str, query: Mapping[str, str]) -> str:
        ours = {urlsplit(self._url).netloc, *self._registry.token_hosts}
        headers = {}
        if self._registry.user and host in ours:
            headers["authorization"] = aiohttp.encode_basic_auth(self._registry.user, self._registry.password)
        async with self._session.get(realm, params=query, headers=headers, allow_redirects=False) as answer:
            check_status(realm, answer.status)
            try:
                said = json.loads(await self._body(answer))
                token = said.get("token") or said.get("access_token")
            except (ValueError, AttributeError):
                token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise NotFetchedNow(f"{host} gives no token for {self._image.name}.")
        return token

"""Signing in with an OpenID Connect provider: code flow with state, nonce and PKCE, each used once.

Who somebody is follows from issuer and subject; a name and an address of e-mail are for display, and never join two people.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.auth.policy import Role

_TIMEOUT_S = 10.0
_FRESH_S = 3600.0
_LEEWAY_S = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


@dataclass(frozen=True)
class Provider:
    """What is configured of one. `domains`: the hosted domains that may sign in, all where there are none; `groups`: group → role."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: str = "openid email profile"
    domains: frozenset[str] = frozenset()
    groups_claim: str = "groups"
    groups: Mapping[str, Role] = field(default_factory=dict)
    role: Role = Role.NOBODY


@dataclass(frozen=True)
class Claims:
    """What a provider says of somebody, verified."""

    issuer: str
    subject: str
    name: str
    email: str
    role: Role

    @property
    def id(self) -> str:
        """The person's id here: the same for the same account at the same provider, whatever it is called."""
        digest = hashlib.sha256(f"{self.issuer}\0{self.subject}".encode()).digest()
        return f"oidc~{b32encode(digest).decode().lower()[:26]}"


class NotSignedInThere(Exception):  # noqa: N818 - it is an answer
    """The provider did not say who this is, or not in a way that can be trusted. The text is for the log and `words` for people."""

    def __init__(self, reason: str, words: str = "The sign-in did not work. Try it again.") -> None:
        super().__init__(reason)
        self.words = words


def derived(secret: str, what: str) -> str:
    """PKCE verifier and nonce follow from the secret in the browser's cookie: no table holds them."""
    return urlsafe_b64encode(hashlib.sha256(f"{what}\0{secret}".encode()).digest()).decode().rstrip("=")


class Oidc:
    """One provider. Its description and keys are asked for when needed, and remembered for an hour."""

    def __init__(self, provider: Provider, now: Callable[[], float] = time.time) -> None:
        self.provider = provider
        self._now = now
        self._lock = asyncio.Lock()
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def address(self, redirect_uri: str, state: str, secret: str) -> str:
        """Where a browser goes to sign in."""
        described = await self._description()
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"], state=state, nonce=derived(secret, "nonce"), code_verifier=derived(secret, "verifier")
            )
        return str(url)

    async def who(self, redirect_uri: str, code: str, secret: str) -> Claims:
        """Whom the code is about. Raises NotSignedInThere."""
        described = await self._description()
        try:
            async with self._client(redirect_uri) as client:
                token = await client.fetch_token(described["token_endpoint"], code=code, code_verifier=derived(secret, "verifier"))
        except (OAuthError, httpx2.HTTPError, ValueError) as error:
            raise NotSignedInThere(f"token endpoint: {error}") from error
        if not isinstance(token.get("id_token"), str):
            raise NotSignedInThere("no id_token")
        return self._judged(await self._verified(token, secret))

    def _client(self, redirect_uri: str) -> Any:
        it = self.provider
        return AsyncOAuth2Client(
            it.client_id,
            it.client_secret,
            scope=it.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            follow_redirects=False,
        )

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as client:
                answer = await client.get(url)
                found = answer.raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise NotSignedInThere(f"{url}: {error}", f"{self.provider.label} does not answer now. Try again soon.") from error
        if not isinstance(found, dict):
            raise NotSignedInThere(f"{url}: no object")
        return found

    async def _description(self) -> dict[str, Any]:
        async with self._lock:
            if self._described is None or self._now() > self._described[0]:
                found = await self._get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.provider.issuer:
                    raise NotSignedInThere(f"the issuer calls itself {found.get('issuer')!r}")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not isinstance(found.get(name), str):
                        raise NotSignedInThere(f"the description has no {name}")
                self._described = (self._now() + _FRESH_S, found)
            return self._described[1]

    async def _key_set(self, *, anew: bool) -> KeySet:
        described = await self._description()
        async with self._lock:
            if anew or self._keys is None or self._now() > self._keys[0]:
                found: Any = await self._get(described["jwks_uri"])
                try:
                    self._keys = (self._now() + _FRESH_S, KeySet.import_key_set(found))
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise NotSignedInThere(f"keys: {error}") from error
            return self._keys[1]

    async def _verified(self, token: Mapping[str, Any], secret: str) -> dict[str, Any]:
        """The claims of the id_token: signature, issuer, audience, times, nonce."""
        try:
            try:
                decoded = jwt.decode(token["id_token"], await self._key_set(anew=False), algorithms=_ALGORITHMS)
            except (JoseError, ValueError):
                decoded = jwt.decode(token["id_token"], await self._key_set(anew=True), algorithms=_ALGORITHMS)  # keys change
            it = self.provider
            essential = {"iss": {"essential": True, "value": it.issuer}, "aud": {"essential": True, "value": it.client_id}}
            expected = {"nonce": derived(secret, "nonce"), "client_id": it.client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, essential, expected)
            claims.validate(now=int(self._now()), leeway=_LEEWAY_S)
        except NotSignedInThere:
            raise
        except Exception as error:  # two libraries' errors, and whatever a strange token makes of them: all of them are a no
            raise NotSignedInThere(f"id_token: {error!r}") from error
        return dict(claims)

    def _judged(self, claims: Mapping[str, Any]) -> Claims:
        it, subject = self.provider, claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise NotSignedInThere("no subject")
        if it.domains and str(claims.get("hd", "")).lower() not in it.domains:
            raise NotSignedInThere(f"domain {claims.get('hd')!r}", "This account is not of a domain that may sign in here.")
        listed = claims.get(it.groups_claim)
        groups = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
        role = max((it.role, *(it.groups[each] for each in groups if each in it.groups)), key=lambda each: each.rank)
        named = (claims.get(key) for key in ("name", "preferred_username", "email"))
        name = next((each for each in named if isinstance(each, str) and each), subject)
        email = claims["email"] if isinstance(claims.get("email"), str) and claims.get("email_verified") is True else ""
        return Claims(it.issuer, subject, name[:100], email[:200], role)

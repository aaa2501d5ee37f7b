"""A stateful OpenID Connect provider over real HTTP: description, keys, sign-in, codes that work once, signed tokens.

Whoever is in `people` may sign in. `claims` and `header` are put over what is right, for tokens that are wrong.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.routing import Route

from tests.fakes.server import Answer, FakeServer, HttpError

CLIENT_ID = "trellis-client"
CLIENT_SECRET = "a secret of the client"


@dataclass
class Begun:
    """A sign-in that the provider was asked for, and the code it gave."""

    asked: dict[str, str]
    claims: dict[str, Any]
    is_used: bool = False


@dataclass
class Wrong:
    """What the next tokens say instead of the truth."""

    claims: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    key: RSAKey | None = None
    raw: str | None = None


class FakeOidc(FakeServer):
    def __init__(self) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.codes: dict[str, Begun] = {}
        self.wrong = Wrong()
        self.issuer_says: str | None = None

    def is_authorized(self, request: Request) -> bool:
        return True

    def refuse(self, status: int) -> Any:
        return {"error": "invalid_request", "status": status}

    def answer_headers(self, request: Request) -> dict[str, str]:
        return {}

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.endpoint("description", self._describe)),
            Route("/keys", self.endpoint("keys", self._keys)),
            Route("/token", self.endpoint("token", self._token), methods=["POST"]),
        ]

    def rotate(self, kid: str) -> None:
        """Sign with another key from now on."""
        self.key = RSAKey.generate_key(2048, {"kid": kid})

    def signs_in(self, address: str, **claims: Any) -> str:
        """Somebody signs in at the address that a browser was sent to; where it is sent back to."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        asked = dict(parse_qsl(parts.query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = Begun(asked, {"sub": "1", "name": "Dana", **claims})
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _describe(self, request: Request, body: Any) -> Answer:
        return 200, {
            "issuer": self.issuer_says or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def _keys(self, request: Request, body: Any) -> Answer:
        return 200, KeySet([self.key]).as_dict(private=False)

    def _token(self, request: Request, body: Any) -> Answer:
        given = {name: values[0] for name, values in parse_qs(str(body)).items()}
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic" or unquote(b64decode(shown).decode()) != f"{CLIENT_ID}:{CLIENT_SECRET}":
            raise HttpError(401, {"error": "invalid_client"})
        begun = self.codes.get(given.get("code", ""))
        challenge = urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if (
            begun is None
            or begun.is_used
            or challenge != begun.asked["code_challenge"]
            or given.get("redirect_uri") != begun.asked["redirect_uri"]
        ):
            raise HttpError(400, {"error": "invalid_grant"})
        begun.is_used = True
        return 200, {"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": self._id_token(begun)}

    def _id_token(self, begun: Begun) -> str:
        now = int(time.time())
        right = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": begun.asked["nonce"], **begun.claims}
        claims = {name: value for name, value in {**right, **self.wrong.claims}.items() if name not in self.wrong.left_out}
        if self.wrong.raw is not None:
            return self.wrong.raw
        return jwt.encode({"alg": "RS256", "kid": "first" if self.wrong.key else self.key.kid}, claims, self.wrong.key or self.key)

"""Who may pass to an environment: whoever the dashboard has handed over, once, by a ticket that is signed and bound to one browser.

A visitor without a session of this very host name is led to the dashboard, which knows who is signed in and what they may see. It leads
back with a ticket that opens one host name, to the browser that asked, once and soon. From then on a sealed cookie of that host name
says so, without a look into the database. Environments' host names never see the dashboard's own cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.fernet import Fernet, InvalidToken

from bot.domain.message import Person
from bot.store.hand_overs import HandOvers
from bot.web.session import local_path
from provisioner.traefik.names import HAND_OVER, TILT

TICKET_S = 60
_ASKED_S = 600
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Place:
    """Where environments are: `<scheme>://<label>.<domain>[:<port>]`; the dashboard is elsewhere."""

    scheme: str
    domain: str
    port: int
    dashboard: str

    def url(self, label: str) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{label}.{self.domain}{port}"

    def label(self, host: str) -> str | None:
        """The first label of one of our host names, however it is written; None for any other."""
        name = re.sub(r":[0-9]{1,5}$", "", host.lower()).removesuffix(".")
        label = name.removesuffix(f".{self.domain}")
        return label if label != name and _LABEL.fullmatch(label) else None

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"


@dataclass(frozen=True)
class Passes:
    """They go on to the environment."""


@dataclass(frozen=True)
class LedTo:
    """They are led elsewhere; `cookies` are (name, value, seconds), those of no seconds are taken away."""

    url: str
    cookies: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Refused:
    status: int
    words: str


Answer = Passes | LedTo | Refused


def slug_of(label: str) -> str:
    return label.rpartition("--")[2]


def wanted_of(label: str) -> str:
    """What somebody has to be allowed to say to see it: tilt's page restarts things."""
    return "ivy restart" if label.startswith(f"{TILT}--") else "ivy status"


def hash_of(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass
class Gate:
    """Decides by what Traefik says of a request. `now` is in seconds since 1970."""

    place: Place
    hand_overs: HandOvers
    key: bytes
    session_s: float
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._seal = Fernet(urlsafe_b64encode(hmac.digest(self.key, b"hand-over", hashlib.sha256)))
        prefix = "__Host-" if self.place.is_secure else ""
        self._session, self._asked = f"{prefix}trellis-env", f"{prefix}trellis-env-asked"

    async def decide(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Answer:
        label = self.place.label(headers.get("x-forwarded-host", ""))
        if label is None:
            return Refused(404, "There is no environment under this name.")
        uri = headers.get("x-forwarded-uri", "/")
        if urlsplit(uri).path == HAND_OVER:
            return await self._handed_over(label, uri, cookies)
        if self._opened(cookies.get(self._session, ""), "session", self.session_s).get("label") == label:
            return Passes()
        is_page = headers.get("x-forwarded-method", "GET") in _SAFE and headers.get("sec-fetch-mode", "navigate") == "navigate"
        if not is_page or "upgrade" in headers.get("connection", "").lower():
            return Refused(401, "You are not signed in here, or not any more: open this address in a browser.")
        return self._to_the_dashboard(label, uri)

    def _to_the_dashboard(self, label: str, uri: str) -> LedTo:
        asked = secrets.token_urlsafe(24)
        query = urlencode({"label": label, "to": local_path(uri), "asked": hash_of(asked)})
        return LedTo(f"{self.place.dashboard}/enter?{query}", ((self._asked, asked, _ASKED_S),))

    async def ticket(self, person: Person, label: str, to: str, asked: str) -> str:
        """Where to lead somebody who may pass."""
        ticket = self._sealed({"kind": "ticket", "label": label, "to": local_path(to), "asked": asked, "nonce": secrets.token_urlsafe(12)})
        await self.hand_overs.offer(ticket, person, TICKET_S)
        return f"{self.place.url(label)}{HAND_OVER}?{urlencode({'ticket': ticket})}"

    async def _handed_over(self, label: str, uri: str, cookies: Mapping[str, str]) -> Answer:
        ticket = parse_qs(urlsplit(uri).query).get("ticket", [""])[0]
        said = self._opened(ticket, "ticket", TICKET_S)
        is_its_browser = hmac.compare_digest(str(said.get("asked", "")), hash_of(cookies.get(self._asked, "")))
        if said.get("label") != label or not is_its_browser or not await self.hand_overs.redeem(ticket):
            return Refused(403, "This link was used already, is too old, or is another browser's: open the environment's address again.")
        session = self._sealed({"kind": "session", "label": label})
        return LedTo(str(said["to"]), ((self._session, session, int(self.session_s)), (self._asked, "", 0)))

    def _sealed(self, said: dict[str, str]) -> str:
        return self._seal.encrypt_at_time(json.dumps(said).encode(), int(self.now())).decode()

    def _opened(self, sealed: str, kind: str, lives_s: float) -> dict[str, Any]:
        """What we said ourselves, of that kind and not too long ago; {} for anything else."""
        try:
            said: dict[str, Any] = json.loads(self._seal.decrypt_at_time(sealed.encode(), int(lives_s), int(self.now())))
        except (InvalidToken, ValueError):
            return {}
        return said if said.get("kind") == kind else {}

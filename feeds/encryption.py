"""TLS to NATS: begun before a word is said, so that nobody between can talk a client into going without."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feeds.settings import FeedsCannotStart, FeedsSettings

SCHEME = "tls://"


@dataclass(frozen=True)
class Trust:
    """PEM files: who signs NATS' certificates (None: whom the system trusts), and our own where NATS wants one."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


NOBODYS = Trust()


def trust_of(settings: FeedsSettings) -> Trust:
    return Trust(settings.nats_ca, settings.nats_certificate, settings.nats_key)


def is_encrypted(urls: str) -> bool:
    """Of a cluster's addresses, commas between them. Raises FeedsCannotStart when some are and some are not."""
    found = {each.startswith(SCHEME) for each in urls.split(",")}
    if len(found) > 1:
        raise FeedsCannotStart(f"of {urls} some are {SCHEME} and some are not: a client would fall back to the others")
    return found == {True}


def context(trust: Trust) -> ssl.SSLContext:
    """What verifies NATS, its name and its time. Raises FeedsCannotStart for files that are none."""
    made = ssl.create_default_context()
    try:
        if trust.ca:
            made = ssl.create_default_context(cafile=str(trust.ca))
        if trust.certificate:
            made.load_cert_chain(str(trust.certificate), str(trust.key) if trust.key else None)
    except (OSError, ssl.SSLError) as problem:
        files = ", ".join(str(each) for each in (trust.ca, trust.certificate, trust.key) if each)
        raise FeedsCannotStart(f"no certificates can be read from {files}: {problem}") from problem
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def options(urls: str, trust: Trust) -> dict[str, Any]:
    """What `nats.connect` is told besides. Raises FeedsCannotStart."""
    if not is_encrypted(urls):
        return {}
    return {"tls": context(trust), "tls_handshake_first": True}

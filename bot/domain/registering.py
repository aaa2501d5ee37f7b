"""What may be registered as an artifact: forms that are checked before anything is asked of anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from bot.domain.artifact import Artifact, ArtifactKind

MOST_PROGRAM_BYTES = 128 * 1024
_IMAGE = re.compile(r"(?:[a-z0-9.-]+(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
_SECRET = re.compile(r"sig|signature|token|password|secret|credential|key", re.IGNORECASE)
_SCHEMES = frozenset({"file", "https", "http", "s3"})
_SAME = ("kind", "address", "program", "contract_sha256", "contract_address")
"""What decides what runs. Titles, versions and requests stay as they were registered first."""


def wrong_address(kind: ArtifactKind, address: str) -> str:
    """Why it cannot be the address of such a thing; "" when it can."""
    if any(not each.isprintable() or each.isspace() for each in address):
        return "has characters that an address has not"
    if kind is ArtifactKind.IMAGE:
        return "" if _IMAGE.fullmatch(address) else "is no image without tag and digest, like registry.example/shop/payments"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in _SCHEMES or not (parts.netloc if parts.scheme != "file" else parts.path.startswith("/")):
        return "is none that artifacts are fetched from: https://…, s3://…, or file:///… on Trellis's own host"
    if "@" in parts.netloc or any(_SECRET.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return "holds credentials: who fetches has its own, and addresses are shown"
    return ""


def wrong_program(text: str) -> str:
    """Why it cannot be a deploy.py; "" when it can."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "is no UTF-8 text"
    if "\0" in text:
        return "holds a NUL"
    return f"has {size} bytes, more than {MOST_PROGRAM_BYTES}" if size > MOST_PROGRAM_BYTES else ""


def differing(there: Artifact, given: Artifact) -> Iterator[str]:
    """What is not the same of two that bear one service, commit and digest."""
    return (name for name in _SAME if getattr(there, name) != getattr(given, name))

"""GitLab's signature of a delivery, from GitLab 19 on: that of Standard Webhooks (github.com/standard-webhooks/standard-webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

from bot.chats.wire import same
from bot.domain.message import Refused

SKEW_S = 300


def verify_signature(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> None:
    """Raises Refused (401)."""
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = b".".join((identity.encode("utf-8", "replace"), timestamp.encode("utf-8", "replace"), body))
    mac = hmac.new(_signing_key(secret), signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(mac).decode()
    matches = [same(each, expected) for each in headers["webhook-signature"].split(" ")[:16]]
    if not any(matches):
        raise Refused(401, "webhook-signature is wrong")
    if not (identity and re.fullmatch(r"[0-9]{1,12}", timestamp) and abs(now - int(timestamp)) <= SKEW_S):
        raise Refused(401, "webhook-timestamp is too far from now")


def _signing_key(secret: str) -> bytes:
    """`whsec_` and base64; anything else is taken as it is."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()

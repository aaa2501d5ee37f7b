"""What the doctor says of NATS' certificates: whether each host shows one that is trusted, and for how long it will be."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.doctor_said import Finding, Said, bad, good
from bot.settings.trading import FeedsSettings

_SOON_S = 14 * 24 * 3600.0
_WITHIN_S = 5.0
_PORT = 4222
_ABOUT = "nats certificates"


async def certificates(said: FeedsSettings, now: Callable[[], float] = time.time) -> Said:
    """Of all addresses, which begin with `tls://`."""
    from feeds.encryption import Trust, context  # noqa: PLC0415 - beside the rest of the feeds, which is an extra
    from feeds.settings import FeedsCannotStart  # noqa: PLC0415

    try:
        trusted = context(Trust(said.nats_ca, said.nats_certificate, said.nats_key))
    except FeedsCannotStart as problem:
        return bad(_ABOUT, str(problem))
    urls = said.nats_url.split(",")
    ends: list[tuple[float, str]] = []
    problems: list[str] = []
    for url in urls:
        try:
            ends.append((await _ends_at(url, trusted), url))
        except (OSError, TimeoutError) as problem:
            problems.append(f"{url}: {_words(problem)}")
    if problems:
        return bad(_ABOUT, "; ".join(problems))
    at, url = min(ends)
    day = time.strftime("%Y-%m-%d", time.gmtime(at))
    if at - now() < _SOON_S:
        return Said(_ABOUT, Finding.WARNING, f"the one of {url} is over on {day}: renew it, hosts read it anew on reload")
    return good(_ABOUT, f"of {len(urls)} hosts are trusted, until {day} at least")


async def _ends_at(url: str, trusted: ssl.SSLContext) -> float:
    """Seconds since the epoch. Raises OSError, of which what is wrong with a certificate is one, and TimeoutError."""
    at = urlsplit(url)
    async with asyncio.timeout(_WITHIN_S):
        _, writer = await asyncio.open_connection(at.hostname, at.port or _PORT, ssl=trusted)
    try:
        shown = writer.get_extra_info("peercert")
        return float(ssl.cert_time_to_seconds(shown["notAfter"]))
    finally:
        writer.transport.abort()


def _words(problem: BaseException) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message}"
    return str(problem) or "no answer"

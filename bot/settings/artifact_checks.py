"""What of artifacts' sources cannot be used is refused before anything starts."""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import urlsplit

from bot.settings.wanting import require
from bot.settings.whole import Settings

_HOST = re.compile(r"[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?")
_HEADER = re.compile(r"[A-Za-z0-9-]+")


def check_artifacts(settings: Settings) -> None:
    """Raises SettingsError."""
    given = settings.artifacts
    for name, each in given.artifactory.items():
        at = f"artifacts.artifactory.{name}"
        _check_url(f"{at}.url", each.url, is_plain=each.plain)
        both = each.token.get_secret_value() and each.key.get_secret_value()
        require(not both, f"{at}: token and key are both set: keep one")
    for name, registry in given.registries.items():
        at = f"artifacts.registries.{name}"
        require(_HOST.fullmatch(registry.host), f"{at}.host: {registry.host!r} is no host, like registry.example.com")
        require(not registry.password.get_secret_value() or registry.user, f"{at}: a password without a user: set {at}.user")
        if registry.api:
            _check_url(f"{at}.api", registry.api, is_plain=registry.plain)
    hosts = [each.host for each in given.registries.values()]
    require(len(hosts) == len(set(hosts)), "artifacts.registries: two of them have the same host")
    for name, part in given.http.items():
        _check_url(f"artifacts.http.{name}.url", part.url, is_plain=False)
        for header in part.headers:
            require(_HEADER.fullmatch(header), f"artifacts.http.{name}.headers: {header!r} is no name of a header")
    _check_s3(settings)


def _check_s3(settings: Settings) -> None:
    s3 = settings.artifacts.s3
    if s3 is None:
        return
    has_secret = bool(s3.secret_key.get_secret_value())
    require(bool(s3.access_key) == has_secret, "artifacts.s3: access_key and secret_key belong together")
    if s3.endpoint_url:
        _check_url("artifacts.s3.endpoint_url", s3.endpoint_url, is_plain=True)
    require(find_spec("boto3"), "artifacts.s3 needs boto3, which is not installed: make extra NAME=s3")


def _check_url(at: str, url: str, *, is_plain: bool) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    schemes = {"https", "http"} if is_plain else {"https"}
    require(host and parts.scheme in schemes, f"{at}: use an address that begins with https://")
    require(parts.username is None and parts.password is None, f"{at} holds a password: take it out, there are keys for it")

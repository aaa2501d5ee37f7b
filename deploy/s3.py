"""Artifacts in S3, and in whatever speaks as S3 does: `s3://BUCKET/KEY` and `s3://BUCKET/KEY?versionId=…`. Needs boto3 (the extra `s3`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.artifacts import NotFetched, NotFetchedNow, shown

T = TypeVar("T")

_CHUNK = 2**20
_AT_ONCE = 4
_NOT_THERE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404", "NotFound", "MethodNotAllowed", "InvalidBucketName"}
"""MethodNotAllowed is what a delete marker answers, when it is named by its version."""
_LATER = {"SlowDown", "RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken", "OperationAborted"}


@dataclass(frozen=True)
class S3Settings:
    """`endpoint_url` "" is Amazon's own; without keys boto3 looks where it always does (variables, profile, the machine's role)."""

    endpoint_url: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    timeout_s: float = 60


class S3:
    """boto3 blocks, so it runs in threads of its own, so many at once."""

    def __init__(self, settings: S3Settings = S3Settings(), at_once: int = _AT_ONCE) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="s3")
        self._client: Any = None

    def has(self, address: str) -> bool:
        return urlsplit(address).scheme == "s3"

    async def read(self, address: str) -> AsyncIterator[bytes]:
        wanted = _parsed(address)
        body = await self._in_thread(address, lambda: self._made_client().get_object(**wanted)["Body"])
        try:
            while chunk := await self._in_thread(address, lambda: body.read(_CHUNK)):
                yield chunk
        finally:
            body.close()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, address: str, act: Callable[[], T]) -> T:
        """Raises NotFetched and NotFetchedNow for what boto3 says, and nothing of its words, which may hold keys."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        except (NotFetched, NotFetchedNow):
            raise
        except Exception as error:  # noqa: BLE001 - boto3 has no kind of its own above all that it raises
            raise _told(address, error) from None

    def _made_client(self) -> Any:
        if self._client is None:
            try:
                import boto3  # noqa: PLC0415 - heavy, and not installed everywhere
                from botocore.config import Config  # noqa: PLC0415 - the same
            except ImportError:
                raise NotFetched("Artifacts in S3 need boto3, which is not installed: make extra NAME=s3.", "no_boto3") from None
            given = self._settings
            config = Config(
                connect_timeout=given.timeout_s,
                read_timeout=given.timeout_s,
                retries={"total_max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"} if given.endpoint_url else None,
            )
            self._client = boto3.session.Session(
                given.access_key or None, given.secret_key or None, region_name=given.region or None
            ).client("s3", endpoint_url=given.endpoint_url or None, config=config)
        return self._client


def _parsed(address: str) -> Mapping[str, str]:
    """Raises NotFetched `bad_address`."""
    parts = urlsplit(address)
    key = unquote(parts.path.removeprefix("/"))
    query = parse_qs(parts.query, keep_blank_values=True)
    version = query.pop("versionId", [""])
    if not parts.netloc or "@" in parts.netloc or not key or query or len(version) != 1 or parts.fragment:
        raise NotFetched(f"{shown(address)} is no s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=….", "bad_address")
    return {"Bucket": parts.netloc, "Key": key, **({"VersionId": version[0]} if version[0] else {})}


def _told(address: str, error: Exception) -> NotFetched | NotFetchedNow:
    answer = getattr(error, "response", {}) or {}
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _NOT_THERE:
        return NotFetched(f"{shown(address)} is not there: {code}.", "not_there")
    if code in _LATER or status >= 500 or status == 429:
        return NotFetchedNow(f"{shown(address)} answers {code or status}: it is asked again.")
    if code:
        return NotFetched(f"{shown(address)} answers {code}: the credentials for it are missing or not enough.", "not_allowed")
    name = type(error).__name__
    if name in {"NoCredentialsError", "PartialCredentialsError", "NoRegionError", "ProfileNotFound"}:
        return NotFetched(f"{shown(address)} needs credentials, and there are none: {name}.", "not_allowed")
    if name in {"ParamValidationError", "InvalidEndpointConfigurationError"}:
        return NotFetched(f"{shown(address)} is no address of S3: {name}.", "bad_address")
    return NotFetchedNow(f"{shown(address)} does not answer: {name}.")

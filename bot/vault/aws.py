"""Secrets in AWS Secrets Manager, through boto3. The paths are the names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from bot.vault import paths
from bot.vault.vault import NoSecret, PathRefused, VaultUnavailable

T = TypeVar("T")
_REFUSED = frozenset({"AccessDeniedException", "AccessDenied"})
_UNKNOWN = frozenset({"ThrottlingException", "Throttling", "InternalServiceError", "ServiceUnavailable", "RequestLimitExceeded"})
_UNSIGNED = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch"}
)


class SecretsManager:
    """Fills the port `Vault`. `client` is boto3's of `secretsmanager`, used from threads."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def read(self, path: str) -> str:
        name = paths.checked(path)
        found = await self._ask(path, lambda: self._client.get_secret_value(SecretId=name))
        secret: str = found["SecretString"]
        return secret

    async def write(self, path: str, secret: str) -> None:
        name = paths.checked(path)
        try:
            await self._ask(path, lambda: self._client.put_secret_value(SecretId=name, SecretString=secret))
        except NoSecret:
            await self._ask(path, lambda: self._client.create_secret(Name=name, SecretString=secret))

    async def remove(self, environment: str) -> None:
        beginning = paths.own(environment)
        for name in await self._ask(beginning, lambda: self._names(beginning)):
            await self._ask(name, lambda name=name: self._client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True))  # type: ignore[misc]

    def _names(self, beginning: str) -> list[str]:
        pages = self._client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [beginning]}])
        return [each["Name"] for page in pages for each in page["SecretList"] if each["Name"].startswith(beginning)]

    async def is_refused(self, path: str) -> bool:
        """Ask AWS itself for whatever path, past our own check. Only its refusal is one: "not found" was answered."""
        try:
            await asyncio.to_thread(self._client.get_secret_value, SecretId=path)
        except ClientError as problem:
            code = problem.response["Error"]["Code"]
            if code in _UNKNOWN | _UNSIGNED:
                raise VaultUnavailable(f"AWS answers {code}") from problem
            return code in _REFUSED
        except BotoCoreError as problem:
            raise VaultUnavailable(f"AWS cannot be asked: {problem}") from problem
        return False

    async def _ask(self, what: str, ask: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(ask)
        except ClientError as problem:
            code = problem.response["Error"]["Code"]
            if code == "ResourceNotFoundException":
                raise NoSecret(what) from None
            if code in _REFUSED:
                raise PathRefused(f"AWS refuses {what}") from None
            raise VaultUnavailable(f"AWS answers {code} about {what}") from None
        except BotoCoreError as problem:
            raise VaultUnavailable(f"AWS cannot be asked: {problem}") from problem

"""A branch's code for a machine: an archive in the bucket, under the environment's own path, and an address that opens it for an hour."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.engine import EngineUnavailable, Source
from provisioner.mirrors import Mirrors
from provisioner.setup.machines import Code

_OPENS_S = 3600


class S3Code(Code):
    """`make` gives a boto3 client of S3. What lies there is gone with its environment."""

    def __init__(self, mirrors: Mirrors, make: Callable[[], Any], bucket: str) -> None:
        self._mirrors, self._make, self._bucket = mirrors, make, bucket
        self._client: Any = None

    async def offer(self, environment: str, source: Source) -> str:
        with tempfile.TemporaryDirectory(prefix="trellis-code-") as folder:
            file = Path(folder) / "code.tar.gz"
            await self._mirrors.archive(source, file)
            what = "laying code into the bucket"
            return str(await self._asked(what, lambda s3: self._laid(s3, environment, source.sha, file)))

    def _laid(self, s3: Any, environment: str, sha: str, file: Path) -> str:
        where = {"Bucket": self._bucket, "Key": f"{_path(environment)}{sha}.tar.gz"}
        with file.open("rb") as body:
            s3.put_object(**where, Body=body)
        return str(s3.generate_presigned_url("get_object", Params=where, ExpiresIn=_OPENS_S))

    async def forget(self, environment: str) -> None:
        await self._asked("taking code out of the bucket", lambda s3: self._taken_out(s3, environment))

    def _taken_out(self, s3: Any, environment: str) -> None:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_path(environment)):
            for each in page.get("Contents", []):
                s3.delete_object(Bucket=self._bucket, Key=each["Key"])

    async def _asked(self, what: str, ask: Callable[[Any], Any]) -> Any:
        try:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
            return await asyncio.to_thread(ask, self._client)
        except Exception as error:
            raise EngineUnavailable(f"{what}: {type(error).__name__}") from error


def _path(environment: str) -> str:
    return f"dev-envs/{environment}/code/"

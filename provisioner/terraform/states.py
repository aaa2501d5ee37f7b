"""Which states Terraform keeps, and the machines in them: read, never written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.ec2 import asked
from provisioner.machines import States

_FILE = "terraform.tfstate"
_MACHINE = "aws_instance"


class LocalStates(States):
    """States in the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def all(self) -> frozenset[str]:
        return await asyncio.to_thread(lambda: frozenset(path.parent.name for path in self._folder.glob(f"*/{_FILE}")))

    async def machines(self, environment: str) -> frozenset[str]:
        path = self._folder / environment / _FILE
        text = await asyncio.to_thread(lambda: path.read_bytes() if path.exists() else b"")
        return _machines(text)


class BucketStates(States):
    """States in a bucket, under the prefix that the engine's backend has."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix.rstrip("/") + "/"

    async def all(self) -> frozenset[str]:
        return await asyncio.to_thread(asked, "listing states", lambda: frozenset(self._keys()))

    def _keys(self) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix):
            for each in page.get("Contents", []):
                environment, _, file = each["Key"].removeprefix(self._prefix).partition("/")
                if file == _FILE:
                    yield environment

    async def machines(self, environment: str) -> frozenset[str]:
        return _machines(await asyncio.to_thread(asked, f"reading the state of {environment}", lambda: self._read(environment)))

    def _read(self, environment: str) -> bytes:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=f"{self._prefix}{environment}/{_FILE}")
        except self._s3.exceptions.NoSuchKey:
            return b""
        return bytes(answer["Body"].read())


def _machines(state: bytes) -> frozenset[str]:
    """The instances' ids; none of what is torn or empty."""
    try:
        resources = json.loads(state or b"{}").get("resources", [])
    except ValueError:
        return frozenset()
    made = (each for resource in resources if resource.get("type") == _MACHINE for each in resource.get("instances", []))
    return frozenset(str(each["attributes"]["id"]) for each in made if each.get("attributes", {}).get("id"))

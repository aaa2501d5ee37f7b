"""Where artifacts are fetched from, and with which credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from bot.settings.deploys import Words


class _WithSecrets(BaseModel):
    """A secret may lie in a file: `token_file` for `token`. One of the two, read once."""

    model_config = {"extra": "forbid"}

    @model_validator(mode="after")
    def _from_files(self) -> Self:
        for name in type(self).model_fields:
            file = getattr(self, f"{name}_file", None)
            if file is None:
                continue
            if getattr(self, name).get_secret_value():
                raise ValueError(f"{name} and {name}_file are both set: keep one")
            try:
                setattr(self, name, SecretStr(file.read_text("utf-8").strip()))
            except (OSError, UnicodeDecodeError):
                raise ValueError(f"{name}_file: {file} cannot be read") from None
        return self


class ArtifactorySettings(_WithSecrets):
    """What lies below `url`, like https://art.example.com/artifactory. An access token, or an API key. `plain` lets url be http://."""

    url: str
    token: SecretStr = SecretStr("")
    token_file: Path | None = None
    key: SecretStr = SecretStr("")
    key_file: Path | None = None
    plain: bool = False


class RegistrySettings(_WithSecrets):
    """Images whose reference begins with `host`. `password` may be a token; it goes to the registry and to `token_hosts` only.

    `api` is where its API is, if not at https://HOST: for a Docker repository of Artifactory without a host of its own
    https://art.example.com/artifactory/api/docker/REPOSITORY.
    """

    host: str
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    api: str = ""
    token_hosts: Words = ()
    plain: bool = False


class S3Part(_WithSecrets):
    """`s3://BUCKET/KEY`, at Amazon's or at `endpoint_url`. Without keys boto3 looks where it always does."""

    endpoint_url: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: SecretStr = SecretStr("")
    secret_key_file: Path | None = None


class HttpPart(BaseModel):
    """What lies below `url`, asked for with these headers. Everything else on https:// is asked for without any."""

    model_config = {"extra": "forbid"}

    url: str
    headers: dict[str, SecretStr] = Field(default_factory=dict)


class ArtifactSettings(BaseModel):
    """Each by a name of the operator's own. Without an `s3` nothing is fetched from S3."""

    model_config = {"extra": "forbid"}

    artifactory: dict[str, ArtifactorySettings] = Field(default_factory=dict)
    registries: dict[str, RegistrySettings] = Field(default_factory=dict)
    s3: S3Part | None = None
    http: dict[str, HttpPart] = Field(default_factory=dict)

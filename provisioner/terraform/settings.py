"""What the Terraform engine is told, and where it keeps its things."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MODULES = Path(__file__).parents[2] / "terraform" / "modules"
# What Terraform and its providers may know of our environment: how to reach AWS and through which proxy, never a token of ours.
AWS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_EC2_METADATA_DISABLED",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
)


@dataclass(frozen=True)
class LocalState:
    """States in the data folder: for one machine."""


@dataclass(frozen=True)
class S3State:
    """States in a bucket, each with a lock file beside it. `more` goes to Terraform's S3 backend as it is."""

    bucket: str
    region: str
    prefix: str = "trellis"
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TerraformSettings:
    """What an operator decides.

    `data` is Trellis's data folder; `module` a folder of HCL with the variables that `provisioner.terraform.variables` names, and with
    those in `variables`; what a project has in `of_projects` comes before them. `program` is a path, `wheel`, or `auto`: terraform or
    tofu on PATH, else the wheel. `plugins` is a filesystem mirror of providers; without one they come from the registry, once.
    `longest_life_s` is the end of all extensions: what lives longer is taken down from outside. `also` are ways out of trading
    environments that the operator adds to each one's own.
    """

    data: Path
    module: Path = MODULES / "local-env"
    state: LocalState | S3State = LocalState()
    program: str = "auto"
    plugins: Path | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[Mapping[str, Any], ...] = ()
    of_projects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    passed: tuple[str, ...] = AWS
    longest_life_s: float = 15 * 24 * 3600.0
    interrupt_s: float = 60.0  # how long Terraform may take to come to a safe end once it is interrupted
    run_within_s: float = 3600.0

    @property
    def name(self) -> str:
        """The module's: the engine is told from others by it."""
        return self.module.name

    def of(self, project: str) -> TerraformSettings:
        """The same, with the variables of a project, by its key."""
        return replace(self, variables={**self.variables, **self.of_projects.get(project, {})}, of_projects={})

    @property
    def declared(self) -> frozenset[str]:
        """The variables that the module has."""
        return frozenset(re.findall(r'^variable\s+"([^"]+)"', self._text, re.MULTILINE))

    @property
    def resources(self) -> frozenset[str]:
        """The types of what the module makes."""
        return frozenset(re.findall(r'^resource\s+"([^"]+)"', self._text, re.MULTILINE))

    @property
    def _text(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in self.module.glob("*.tf"))

    @property
    def folder(self) -> Path:
        return self.data.absolute() / "terraform"

    @property
    def fences(self) -> Path:
        return self.folder / "fences"

    @property
    def environments(self) -> Path:
        return self.folder / "environments"

    @property
    def states(self) -> Path:
        return self.folder / "states"

    @property
    def mark(self) -> str:
        """What every run of this engine, and of any other with the same data, bears."""
        return "trellis-terraform-" + hashlib.sha256(os.fsencode(self.data.resolve())).hexdigest()[:12]

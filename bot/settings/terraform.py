"""The settings of the engine that makes environments by Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

MODULES = ("local-env", "branch-env", "trading-env")


def _is_module(path: str) -> str:
    if path and (Path(path).name not in MODULES or (path not in MODULES and not path.startswith("/"))):
        raise ValueError(f"there is no module {path!r}: local-env, branch-env, trading-env, or the whole path of a folder of that name")
    return path


Module = Annotated[str, AfterValidator(_is_module)]


class ProgramPart(BaseModel):
    """`sha256` is that of the file at `url`, in which {version} stands for the version; "": where its project publishes it for amd64."""

    model_config = {"extra": "forbid"}

    version: str = Field(pattern=r"^[0-9][0-9A-Za-z.+-]{0,40}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str = Field(default="", pattern=r"^(https://([A-Za-z0-9._~:/?#@!$&'()*+,;=%-]|\{version\})+)?$")


class TerraformPart(BaseModel):
    """For `engine = "terraform"`: which Terraform, and what it makes.

    `module` is `local-env`, whose environments are on this machine, by the keeper, `branch-env`, an instance on AWS for each, or
    `trading-env`, a host on AWS for each trading environment; or the path of a folder with one of these names, for who keeps a copy of
    their own. For the two on AWS: `variables` are those of the module that
    are the same for all (its README has them), states are in `state_bucket`, `plugins` is a filesystem mirror of providers (without one
    they come from the registry), and `ingress` is the host name under which the kind cluster's ingress knows a service. `programs` are
    what a machine downloads where it is not in its image. With `sets_up_here` local-env's environments run in Docker, kind and tilt on this
    machine, set up by the roles of branch-env's, instead of by the keeper: one at a time, and Trellis has to be root.
    """

    model_config = {"extra": "forbid"}

    program: str = "auto"
    module: Module = "local-env"
    variables: dict[str, Any] = Field(default_factory=dict)
    plugins: Path | None = None
    state_bucket: str = ""
    sets_up_here: bool = False
    ingress: str = Field(default="{service}.localhost", pattern=r"^[a-z0-9.{}-]+$")
    programs: dict[Literal["kind", "tilt", "traefik"], ProgramPart] = Field(default_factory=dict)


class ProjectTerraform(BaseModel):
    """What a project has of its own: `variables` of its module, which come before those that are the same for all."""

    model_config = {"extra": "forbid"}

    variables: dict[str, Any] = Field(default_factory=dict)


NEEDED = ("region", "account", "vpc_id", "subnet_id", "proxy_security_group_id", "image_id", "boundary_arn", "data_bucket")
"""What modules on AWS cannot do without; code goes through the data bucket."""

"""The settings of the central Traefik."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

Url = Annotated[str, StringConstraints(pattern=r"^https?://[a-zA-Z0-9.-]+(:[0-9]{1,5})?$")]


class TraefikSettings(BaseModel):
    """A Traefik before all environments, which asks us for its configuration.

    With a `token` it has to name it, else it has to be on this machine. `trellis_url` and `keeper_url` are the web part and the keeper's
    own proxy as Traefik reaches them ("": on this machine). `scheme` and `port` are what environments' addresses have (0: the usual one).
    With `login` every environment is behind the dashboard's login, for `session_hours`; without, only tilt's page is.
    """

    model_config = {"extra": "forbid"}

    token: SecretStr = SecretStr("")
    trellis_url: Url | Literal[""] = ""
    keeper_url: Url | Literal[""] = ""
    scheme: Literal["http", "https"] = "https"
    port: int = Field(default=0, ge=0, le=65535)
    entry_points: tuple[str, ...] = ()
    login: bool = True
    session_hours: float = Field(default=8, gt=0, le=168)

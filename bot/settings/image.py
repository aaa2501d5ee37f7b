"""The settings of the image that machines are made of."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ImageSettings(BaseModel):
    """With `base_image_id` (Debian or Ubuntu with the SSM agent) images are baked, at `at` (`03:30`, `mon-fri 03:30`; "": only by command).

    The builder is an instance of `instance_type` in `subnet_id` ("": branch-env's), with `security_group_id`, which lets it out to packages
    and SSM, and with `instance_profile`, by which SSM reaches it. `kept` good ones stay, and all that something is made of. What is not
    baked within `within_minutes` is given up. `name` tells the images of two Trellises in one account apart. A failure is told in
    `channel` (Slack; "": where the vault's alarms are told).
    """

    model_config = {"extra": "forbid"}

    base_image_id: str = Field(default="", pattern=r"^(ami-[0-9a-f]{8,17})?$")
    at: str = "03:30"
    instance_type: str = "t3.large"
    subnet_id: str = ""
    security_group_id: str = ""
    instance_profile: str = ""
    kept: int = Field(default=3, ge=2)
    within_minutes: float = Field(default=90, ge=10, le=1440)
    name: str = Field(default="trellis", pattern=r"^[a-z0-9-]{1,40}$")
    channel: str = ""

    @property
    def is_baked(self) -> bool:
        return bool(self.base_image_id)

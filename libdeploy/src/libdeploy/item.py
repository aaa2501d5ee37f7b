"""One thing that is to be there, as a driver takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    """`key` is unique within its driver and says where the thing lives; `body` is plain JSON: all that is wanted of it."""

    driver: str
    key: str
    body: Mapping[str, Any]

    @property
    def name(self) -> tuple[str, str]:
        return self.driver, self.key

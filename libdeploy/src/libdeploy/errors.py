"""What a service owner can act on."""

from __future__ import annotations


class DeployError(Exception):
    """A sentence that is shown as it is, and a stable code."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code

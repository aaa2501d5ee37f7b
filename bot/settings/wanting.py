"""A configuration that cannot be used, said in one line."""

from __future__ import annotations


class SettingsError(Exception):
    """The configuration cannot be used; the text is one clear line."""


def require(condition: object, sentence: str) -> None:
    """Raises SettingsError with `sentence` where the condition does not hold."""
    if not condition:
        raise SettingsError(sentence)

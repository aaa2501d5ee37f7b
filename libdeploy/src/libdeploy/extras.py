"""What is installed only by whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from libdeploy.errors import DeployError


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Around an import. Raises DeployError `no_extra` where what it needs is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "libdeploy":
            raise
        raise DeployError(
            f"This needs the extra libdeploy[{extra}], and {error.name} is missing: pip install 'libdeploy[{extra}]'.", "no_extra"
        ) from error

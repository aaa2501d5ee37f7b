"""The words of `tilt up`: a vector, what a person said after `--`, and of that only what the project allows."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

PORT = 10350
_MOST = 50
_LONGEST = 200


class NotAllowed(Exception):  # noqa: N818 - a sentence
    """A word that the project does not let through; the text says which."""


def words(arguments: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """`allowed` are patterns (`--only`, `web`, `--env=*`). Raises NotAllowed."""
    if len(arguments) > _MOST:
        raise NotAllowed(f"tilt gets {_MOST} words at most")
    for word in arguments:
        if not word.isprintable() or len(word) > _LONGEST:
            raise NotAllowed(f"{word[:40]!r} holds what does not belong in a command, or is too long")
        if word == "--" or not any(fnmatchcase(word, pattern) for pattern in allowed):
            raise NotAllowed(f"this project lets no {word[:40]!r} through to tilt")
    return ("tilt", "up", "--host=127.0.0.1", f"--port={PORT}", "--stream", *(("--", *arguments) if arguments else ()))

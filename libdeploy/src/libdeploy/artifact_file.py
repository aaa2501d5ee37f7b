"""The artifact's file: the one that was registered, or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from libdeploy.errors import DeployError


def checked(artifact: Path | None, sha256: str, who: str) -> Path:
    """Raises DeployError `no_artifact` or `wrong_digest`. `who` needs it."""
    if artifact is None:
        raise DeployError(f"{who} needs the artifact {sha256[:12]}: say --artifact FILE.", "no_artifact")
    try:
        with artifact.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DeployError(f"The artifact {artifact} cannot be read: {error.strerror}.", "no_artifact") from error
    if found != sha256:
        raise DeployError(f"{artifact} has the digest {found[:12]}…, not {sha256[:12]}…: it is another artifact.", "wrong_digest")
    return artifact

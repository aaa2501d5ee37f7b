"""A binary, or an archive with one in it, on a physical server: release folders, a symlink that is replaced at once, a process."""

from __future__ import annotations

from libdeploy.host.binary import Binary, binary

__all__ = ["Binary", "binary"]

"""What to run and how it ended, as values."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOG_CAP_BYTES = 8 * 1024 * 1024


class CannotStart(Exception):  # noqa: N818 - a sentence, as the ports have them
    """The program is not there or may not be run; the text says why."""


class TimedOut(Exception):  # noqa: N818 - a sentence, as the ports have them
    """A short command took too long and was killed with all its children."""


@dataclass(frozen=True)
class Bounds:
    """What a child and all its descendants may use together. None: no bound of ours."""

    memory_mb: int | None = None
    processes: int | None = None


@dataclass(frozen=True)
class Sandbox:
    """What a child sees of this machine: everything read-only but `writable`, an own /tmp kept in `tmp`, nothing of `hidden`.

    `visible` are folders or files shown read-only although they lie in something hidden. `is_offline`: no network but its own loopback.
    """

    writable: tuple[Path, ...]
    tmp: Path
    hidden: tuple[Path, ...] = ()
    visible: tuple[Path, ...] = ()
    is_offline: bool = False


@dataclass(frozen=True)
class Order:
    """One child. `env` is all of its environment. `log` None: it writes where we write.

    Else `log` is a file of at most `log_cap` bytes, beside the one before it.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    log_cap: int = LOG_CAP_BYTES
    bounds: Bounds = Bounds()
    sandbox: Sandbox | None = None
    mark: str = "trellis"  # whose it is: `sweep(mark)` ends all that bear it
    orphan_grace_s: float = 1.0  # between TERM and KILL when we die

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise ValueError("an order needs a program")
        if any("\0" in word for word in (*self.argv, *self.env.keys(), *self.env.values())) or any(
            "=" in key or not key for key in self.env
        ):
            raise ValueError("a word of the order holds a NUL, or a variable has no proper name")


@dataclass(frozen=True)
class Exit:
    """How a child ended: by `code` or by `signal`. `limit` is `memory` or `processes` when a bound ended it."""

    code: int | None
    signal: int | None
    limit: str | None
    seconds: float

    @property
    def is_success(self) -> bool:
        return self.code == 0

    def sentence(self, bounds: Bounds = Bounds()) -> str:
        """Continue "<name> …": `exited with code 1 after 0.4 s`."""
        after = f"after {self.seconds:.1f} s"
        if self.limit == "memory":
            return f"was stopped {after}: it used more than its {bounds.memory_mb} MB of memory"
        if self.limit == "processes":
            return f"was stopped {after}: it ran into its limit of {bounds.processes} processes"
        if self.signal is not None:
            known = {each.value: each.name for each in signal.Signals}
            return f"was killed by {known.get(self.signal, f'signal {self.signal}')} {after}"
        return f"exited with code {self.code} {after}"

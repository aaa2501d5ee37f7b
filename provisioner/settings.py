"""What the keeper is told, and where it keeps its things."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from provisioner.tokens import FixedTokens, Tokens

# Folders of a home in which programs of language tools live; nothing secret is kept in them.
_TOOLS = (".pyenv", ".nvm", ".asdf", ".rbenv", ".rustup", ".volta", ".bun", ".deno", ".sdkman")
_TOOLS_BELOW = (".local/bin", ".local/share/uv", ".local/share/mise", ".cargo/bin", "go/bin")


class KeeperCannotStart(Exception):  # noqa: N818 - a sentence, as the ports have them
    """One clear line for the operator."""


@dataclass(frozen=True)
class KeeperSettings:
    """What an operator decides.

    `data` is Trellis's data folder. `tokens` opens clone addresses. `hidden` and `visible` are more
    paths for the sandbox to hide (a configuration file with secrets) or to show (a toolchain in a home). `passed` names variables
    of ours that services and builds get as well.
    """

    data: Path
    proxy_port: int = 8780
    proxy_host: Literal["127.0.0.1", "0.0.0.0"] = "127.0.0.1"  # noqa: S104 - for whoever sets it
    domain: str = "localhost"
    before: str = ""  # what stands before the proxy, as addresses have it: `https://{}.env.example.com`
    socket: Path | None = None
    sandbox: Literal["auto", "off", "required"] = "auto"
    tokens: Tokens = field(default_factory=FixedTokens, repr=False)
    hidden: tuple[Path, ...] = ()
    visible: tuple[Path, ...] = ()
    passed: tuple[str, ...] = ()
    stop_grace_s: float = 5.0
    drain_s: float = 10.0

    @property
    def folder(self) -> Path:
        return self.data.absolute() / "keeper"

    @property
    def socket_path(self) -> Path:
        return (self.socket or self.folder / "keeper.sock").absolute()

    @property
    def environments(self) -> Path:
        return self.data.absolute() / "environments"

    @property
    def mirrors(self) -> Path:
        return self.data.absolute() / "mirrors"

    @property
    def mark(self) -> str:
        """What all children of this keeper, and of any later one with the same data, bear."""
        return "trellis-keeper-" + hashlib.sha256(os.fsencode(self.data.resolve())).hexdigest()[:12]

    def url(self, label: str) -> str:
        if self.before:
            return self.before.format(label)
        port = "" if self.proxy_port == 80 else f":{self.proxy_port}"
        return f"http://{label}.{self.domain}{port}"

    def hidden_from_services(self) -> tuple[Path, ...]:
        return (Path("/home"), Path("/root"), Path.home(), self.data.absolute(), *self.hidden)

    def visible_to_services(self) -> tuple[Path, ...]:
        tools = tuple(path for name in (*_TOOLS, *_TOOLS_BELOW) if (path := Path.home() / name).exists())
        return (*tools, Path(sys.base_prefix), Path(sys.prefix), *self.visible)

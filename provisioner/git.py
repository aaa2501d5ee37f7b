"""Git, with nothing of the machine's own configuration, no hooks, no prompts, and credentials that never stand in an argument."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processes import CannotStart, Ran, TimedOut, environ, run
from provisioner.engine import EngineUnavailable
from provisioner.tokens import FixedTokens, Tokens

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tbigFileThreshold = 64m
[safe]
\tdirectory = *
[protocol "ext"]
\tallow = never
[submodule]
\trecurse = false
[fetch]
\trecurseSubmodules = false
	unpackLimit = 1
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
[init]
\tdefaultBranch = main
"""
_NOT_LET_IN = re.compile(rb"authentication failed|could not read (username|password)|returned error: 401", re.IGNORECASE)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_PASSED = ("SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", *_PROXIES, *map(str.lower, _PROXIES))
_SHA = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"refs/(?!.*(\.\.|@\{|//|/\.|\.lock(/|$)|\.(/|$)|/$))[^\x00-\x20\x7f~^:?*\[\\]{1,500}")


def is_full_ref(ref: str) -> bool:
    """Whether git would take `ref` for a full name of a reference, and for nothing else."""
    return bool(_REF.fullmatch(ref))


def is_sha(sha: str) -> bool:
    return bool(_SHA.fullmatch(sha))


def last_line(err: bytes) -> str:
    """What git had to say, without addresses that might hold a name or a password."""
    lines = [line for line in err.decode(errors="replace").splitlines() if line.startswith(("fatal:", "error:"))]
    text = lines[0].partition(":")[2].strip() if lines else "git gave no reason"
    return re.sub(r"(\w+://)[^/@\s']*@", r"\1", text)[:300]


class Git:
    """A git for us. `home` is a folder of its own; `tokens` opens clone addresses."""

    def __init__(self, home: Path, tokens: Tokens | None = None, mark: str = "trellis") -> None:
        self._home = home
        self._tokens = tokens or FixedTokens()
        self._mark = mark

    def _environment(self, url: str | None, token: str | None) -> dict[str, str]:
        config = self._home / "gitconfig"
        if not config.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            config.write_text(_CONFIG)
        env = environ(passed=_PASSED)
        env |= {"HOME": str(self._home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(config), "GIT_TERMINAL_PROMPT": "0"}
        env |= {"GIT_ASKPASS": "true", "SSH_ASKPASS": "true", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20"}
        env |= {
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }
        if url and token:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
            header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
            env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{host}/.extraHeader"}
            env |= {"GIT_CONFIG_VALUE_0": f"Authorization: Basic {header}"}
        return env

    async def __call__(self, *words: str, url: str | None = None, timeout_s: float = 120.0, cap: int = 16 * 1024 * 1024) -> Ran:
        """Run `git words…`; `url` says for which address credentials may be used. Raises EngineUnavailable when git itself cannot run."""
        token = await self._tokens.token(url) if url else None
        ran = await self._run(words, self._environment(url, token), timeout_s, cap)
        if ran.code and url and token and _NOT_LET_IN.search(ran.err) and self._tokens.is_renewable(url, token):
            token = await self._tokens.token(url)
            ran = await self._run(words, self._environment(url, token), timeout_s, cap)
        return ran

    async def _run(self, words: tuple[str, ...], env: dict[str, str], timeout_s: float, cap: int) -> Ran:
        try:
            return await run(("git", *words), cwd=self._home, env=env, timeout_s=timeout_s, cap=cap, mark=self._mark)
        except (CannotStart, TimedOut, OSError) as problem:
            raise EngineUnavailable(f"git: {problem}") from problem

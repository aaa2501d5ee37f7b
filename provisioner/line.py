"""A command line from a repository, made into an argument vector."""

from __future__ import annotations

import re
import shlex

_SHELL = re.compile(r"[$`|&;<>()*?\[\]{}~#!\n\\]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_BUILTINS = frozenset(
    {".", ":", "cd", "eval", "exec", "export", "if", "for", "set", "source", "trap", "ulimit", "umask", "unset", "until", "while"},
)


def argv_of(line: str) -> tuple[str, ...]:
    """Plain words are split; a line that needs a shell gets one, inside the environment's own processes."""
    if not _SHELL.search(line):
        try:
            words = shlex.split(line)
        except ValueError:  # an open quote: let the shell say so in the service's log
            words = []
        if words and words[0] and words[0] not in _BUILTINS and not _ASSIGNMENT.match(words[0]):
            return tuple(words)
    return ("/bin/sh", "-c", line)

"""Text from people, branches and logs made fit to be drawn anywhere: no controls, no hidden characters, no colour codes."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

BREAK = "\u200b"  # zero-width space: parts what a platform would read together, and nobody sees it
CUT = "\u2026"

_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"  # what is short, and the head of what never ends
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Joiners stay where scripts and emoji need them: between two characters that are not ASCII.
_LOOSE_JOINER = re.compile("(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\u200c\u200d])")
_NEWLINE = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_URL = re.compile(r"https?://[^\s<>\"`\\^{|}]+", re.IGNORECASE | re.ASCII)


def _visible(text: str) -> str:
    return _LOOSE_JOINER.sub("", _HIDDEN.sub("", text))


def words(text: str, limit: int = 2_000) -> str:
    """One line of prose: white space folded to single spaces (one is kept at either end), nothing hidden, at most `limit` long."""
    return _cut(re.sub(r"\s+", " ", _visible(re.sub(r"\s+", " ", _ANSI.sub("", text)))), limit)


def letters(text: str, limit: int = 4_500) -> str:
    """One line to be read to the letter: line breaks become spaces, comment marks are parted, nothing hidden."""
    return _cut(_part_comments(_visible(_NEWLINE.sub(" ", _ANSI.sub("", text)).replace("\t", " "))), limit)


def log(lines: tuple[str, ...], limit: int, most: int = 400) -> tuple[str, ...]:
    """Keep the last lines that fit in `limit` bytes, at most `most` of them, below a line that says how many were left out."""
    whole = [line for text in lines for line in re.split("\r*\n|[\u2028\u2029\x85\x0b\x0c]", text)]
    while whole and not _log_line(whole[-1]):
        whole.pop()
    kept: list[str] = []
    room = limit - 40
    for raw in reversed(whole):
        line = _log_line(raw)
        room -= len(line.encode()) + 1
        if kept and (room < 0 or len(kept) == most):
            break
        kept.append(line)
    missing = len(whole) - len(kept)
    head = (f"{CUT} {missing} earlier line{'s' if missing != 1 else ''} left out",) if missing else ()
    return (*head, *([line[-limit:] for line in reversed(kept)]))


def _log_line(line: str) -> str:
    line = _ANSI.sub("", line).rstrip("\r")
    line = line.rpartition("\r")[2] or line  # a progress line is what it last said
    return _cut(_part_comments(_visible(line).rstrip()), 2_000)


def _part_comments(text: str) -> str:
    """Our marker is an HTML comment, read from the source of a message: nobody else writes one, not even in code."""
    return text.replace("<!--", f"<{BREAK}!--").replace("-->", f"--{BREAK}>")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + CUT


def web_address(url: str) -> str | None:
    """`url` as ASCII when it is plain http(s) with a host and no user in it, else None."""
    if not _URL.fullmatch(url) or _visible(url) != url:
        return None
    try:
        parts = urlsplit(url)
        fits = parts.hostname and parts.hostname.isascii() and "@" not in parts.netloc and (parts.port is None or parts.port)
    except ValueError:
        return None
    return quote(url, safe=":/?#[]@!$&'()*+,;=%-._~") if fits and len(url) <= 2_000 else None

"""What a run says to two ears and a file, as the lines of one log: a letter, a space, the rest.

A pod has one log for standard output and standard error, whose lines some container runtimes cut at 16 KiB. `O` is a line of output, `E`
one of what is written for people, `M` the digest of the file that was made, `X` the end. Small letters are a piece with more to come.
Only the standard library: this is imported inside the pod, before anything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PIECE = 8 * 1024
MOST_OUT = 1024 * 1024
MOST_WORDS = 512 * 1024
LAST_WORDS = 64 * 1024
MOST_MADE = 700 * 1024
"""As packed: what is beyond cannot be given to the next run."""


@dataclass(frozen=True)
class Spoken:
    """What was read so far. `end` is how it ended; None while it has not. `made` None: nothing, or not whole."""

    out: tuple[bytes, ...] = ()
    words: bytes = b""
    made: bytes | None = None
    end: Mapping[str, Any] | None = None


class Frames:
    """Writes frames by `write`, which is given whole lines. What is too much is left out of the middle, and that is said."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._out = 0
        self._held = b""
        self._words = 0
        self._tail = bytearray()
        self._left_out = 0

    def out(self, line: bytes) -> None:
        """A whole line, without its end. Beyond the most, only the last one is kept."""
        self._out += len(line) + 1
        if self._out > MOST_OUT:
            self._held = line
        else:
            self._line(b"o", b"O", line)

    def words(self, line: bytes) -> None:
        """With its end, where it has one."""
        self._words += len(line)
        if self._words <= MOST_WORDS:
            self._say(line)
            return
        self._tail += line
        if len(self._tail) > LAST_WORDS:
            self._left_out += len(self._tail) - LAST_WORDS
            del self._tail[: len(self._tail) - LAST_WORDS]

    def end(self, made: bytes | None, how: Mapping[str, Any]) -> None:
        if self._held and len(self._held) <= MOST_OUT:
            self._line(b"o", b"O", self._held)
        if self._left_out:
            self._say(f"… {self._left_out} bytes are left out here …\n".encode())
        for line in bytes(self._tail).splitlines(keepends=True):
            self._say(line)
        packed = base64.b64encode(zlib.compress(made)) if made is not None else b""
        if len(packed) > MOST_MADE:
            how = {**how, "too_large": len(made or b"")}
        elif made is not None:
            self._line(b"m", b"M", packed + b" " + hashlib.sha256(made).hexdigest().encode())
        self._write(b"X " + json.dumps(how).encode() + b"\n")

    def _say(self, line: bytes) -> None:
        if line.endswith(b"\n"):
            self._line(b"e", b"E", line[:-1])
        else:
            self._line(b"e", b"e", line)

    def _line(self, more: bytes, last: bytes, text: bytes) -> None:
        while len(text) > PIECE:
            cut = PIECE
            while cut > PIECE - 4 and text[cut] & 0xC0 == 0x80:  # in the middle of a letter
                cut -= 1
            self._write(more + b" " + text[:cut] + b"\n")
            text = text[cut:]
        self._write(last + b" " + text + b"\n")


def read(log: bytes) -> Spoken:
    """The last line may still be written, so it counts only with its end."""
    pieces = {"O": bytearray(), "M": bytearray()}
    out: list[bytes] = []
    words = bytearray()
    made: bytes | None = None
    end: Mapping[str, Any] | None = None
    for line in log.split(b"\n")[:-1]:
        letter, text = chr(line[0]) if line[1:2] == b" " else "", line[2:]
        if letter.upper() in pieces:
            pieces[letter.upper()] += text
        if letter == "O":
            out.append(bytes(pieces["O"]))
            pieces["O"].clear()
        elif letter in {"E", "e"}:
            words += text + (b"\n" if letter == "E" else b"")
        elif letter == "M":
            made = _made(bytes(pieces["M"]))
        elif letter == "X":
            end = _end(text)
    return Spoken(tuple(out), bytes(words), made, end)


def _made(line: bytes) -> bytes | None:
    packed, _, digest = line.rpartition(b" ")
    try:
        made = zlib.decompress(base64.b64decode(packed, validate=True))
    except (ValueError, zlib.error):
        return None
    return made if hashlib.sha256(made).hexdigest().encode() == digest else None


def _end(text: bytes) -> Mapping[str, Any] | None:
    try:
        end = json.loads(text)
    except ValueError:
        return None
    return end if isinstance(end, dict) and isinstance(end.get("how"), str) else None

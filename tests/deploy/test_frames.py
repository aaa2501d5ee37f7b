"""What a run says comes back as it was said, through one log; what is too much is left out and that is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.frames import LAST_WORDS, MOST_MADE, MOST_OUT, MOST_WORDS, PIECE, Frames, Spoken, read

LINES = st.lists(st.binary(max_size=3 * PIECE).map(lambda each: each.replace(b"\n", b"")), max_size=5)


def written(out: list[bytes], words: list[bytes], made: bytes | None, how: str = "exited with code 0") -> bytes:
    log = bytearray()
    frames = Frames(log.extend)
    for line in out:
        frames.out(line)
    for line in words:
        frames.words(line)
    frames.end(made, {"how": how})
    return bytes(log)


@given(LINES, LINES, st.none() | st.binary(max_size=4 * PIECE))
def test_it_comes_back_as_it_was_said(out: list[bytes], words: list[bytes], made: bytes | None) -> None:
    said = [each + b"\n" for each in words]
    log = written(out, said, made)
    assert read(log) == Spoken(tuple(out), b"".join(said), made, {"how": "exited with code 0"})
    assert max(map(len, log.split(b"\n"))) <= 2 * PIECE


@given(LINES, st.integers(0, 20_000))
def test_half_a_log_is_the_beginning_of_what_was_said(out: list[bytes], cut: int) -> None:
    half = read(written(out, [], b"made")[:cut])
    assert half.out == tuple(out[: len(half.out)])
    assert half.made in {None, b"made"}


@given(st.binary(max_size=200))
def test_anything_can_be_read(log: bytes) -> None:
    assert read(log).made is None


def test_letters_are_not_cut_in_two() -> None:
    log = written([], ["€".encode() * PIECE], None)
    for line in log.split(b"\n")[:-2]:
        line.decode()


def test_too_many_events_leave_the_first_and_the_last() -> None:
    spoken = read(written([b"x" * 1000] * 5000 + [b"the last"], [], None))
    assert len(spoken.out) <= MOST_OUT // 1000
    assert spoken.out[-1] == b"the last"


def test_too_many_words_leave_the_first_and_the_last_and_say_so() -> None:
    spoken = read(written([], [b"y" * 999 + b"\n"] * 2000 + [b"the end\n"], None))
    assert len(spoken.words) <= MOST_WORDS + LAST_WORDS + 100
    assert "bytes are left out here …" in spoken.words.decode()
    assert spoken.words.endswith(b"the end\n")


def test_a_file_that_is_too_large_is_not_brought_and_that_is_said() -> None:
    import random

    made = random.Random(1).randbytes(MOST_MADE)
    spoken = read(written([], [], made))
    assert (spoken.made, spoken.end) == (None, {"how": "exited with code 0", "too_large": len(made)})


def test_a_changed_file_is_none() -> None:
    log = written([], [], b"plan")
    at = log.index(b"M ") + 4
    assert read(log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]).made is None

"""Reading a pipe leaves everybody else's descriptors alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import asyncio, os, sys, threading
import uvloop
from processes.pipe import read_to_end

sys.setswitchinterval(1e-6)

def hold():
    while True:
        fd = os.open(os.devnull, os.O_RDONLY)
        os.fstat(fd), os.fstat(fd), os.close(fd)  # raises where somebody else closed it

async def main():
    for _ in range(2000):
        out, end = os.pipe()
        os.write(end, b"said")
        os.close(end)
        assert await read_to_end(out, 3) == (b"sai", True)
    first, end = os.pipe()
    task = read_to_end(first, 3)
    task.cancel()
    await asyncio.sleep(0.01)
    os.close(end)

threading.excepthook = lambda broke: os._exit(3)
for _ in range(2):
    threading.Thread(target=hold, daemon=True).start()
uvloop.run(main())
os._exit(0)
"""


@pytest.mark.long
def test_no_number_is_closed_that_another_thread_has_by_then() -> None:
    """On uvloop, whose own way to read a pipe closes it twice: a database's file closed so is a database lost."""
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")

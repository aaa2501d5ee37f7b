"""Asked to stop, a process ends: in good order where it can, and otherwise with a word on what held it up."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import asyncio, sys, threading
from bot import cli

async def holds_on():
    print("here", flush=True)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("no", flush=True)

async def goes():
    print("here", flush=True)
    await asyncio.Event().wait()

async def leaves_a_thread():
    task = asyncio.create_task(asyncio.to_thread(threading.Event().wait))
    await goes()

sys.exit(cli._run({which}(), {within}))
"""


def ended(which: str, within: str) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(which=which, within=within)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=300)
    return process.returncode, err


def test_what_goes_when_it_is_asked_says_nothing() -> None:
    assert ended("goes", "60.0") == (0, "")


def test_what_holds_on_is_told_with_its_place_and_is_over() -> None:
    code, err = ended("holds_on", "0.2")
    assert code == 0
    assert "asked to stop, and not at its end after 0.2 s" in err
    assert "holds_on" in err


def test_a_thread_that_never_ends_is_told_and_is_over() -> None:
    code, err = ended("leaves_a_thread", "0.2")
    assert code == 0
    assert "in wait" in err

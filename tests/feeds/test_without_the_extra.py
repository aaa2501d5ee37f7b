"""Who did not install the extra has all that is pure, and is told what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_WITHOUT = """
import importlib.util, sys
find, extra = importlib.util.find_spec, ("ccxt", "nats", "bcrypt")
sys.modules.update(dict.fromkeys(extra))
importlib.util.find_spec = lambda name, *rest: None if name in extra else find(name, *rest)
import feeds.certificate, feeds.continuity, feeds.exchanges, feeds.interest, feeds.settings
from bot.cli import main
sys.argv = ["trellis", "feeds"]
main()
"""


def test_who_asks_for_the_feeds_is_told_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "trellis: the feeds need ccxt, nats, bcrypt: make extra NAME=feeds\n")

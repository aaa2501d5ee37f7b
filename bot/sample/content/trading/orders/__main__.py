"""Run it: `python3 -m orders`, with what Trellis gives an environment's services."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from .feed import NotLetIn, SignIn, listen, subjects_of
from .journal import InUse, Journal
from .limits import Limits
from .report import KeyRefused, Trellis, told_of
from .server import Desk, Server

_AGAIN_S = 0.5
_TELL_EACH_S = 2.0


def opened(file: Path, limits: Limits) -> Journal:
    """As soon as nobody else has it."""
    while True:
        try:
            return Journal(file, limits)
        except InUse:
            time.sleep(_AGAIN_S)


def keep(desk: Desk, limits: Limits, trellis: Trellis) -> None:
    """Have the book, and say how it stands for ever; Trellis being away changes nothing."""
    journal = opened(Path.home() / "orders" / "book.jsonl", limits)
    with desk.lock:
        desk.journal = journal
    print(f"the book is open: {journal.book.filled} orders so far", flush=True)
    while True:
        try:
            with desk.lock:
                how = told_of(journal.book)
            by = trellis.told(how)
            desk.refused_by.discard("Trellis")
            with desk.lock:
                resumed = bool(by) and journal.book.halts == how["halts"] and journal.resume(by, time.time())
            if resumed:
                print(f"resumed, as {by} said", flush=True)
                continue  # so that Trellis hears of it at once
        except KeyRefused as problem:
            desk.refused_by.add("Trellis")
            print(f"this environment's key is another by now: {problem}", flush=True)
        except (OSError, ValueError) as problem:
            print(f"Trellis was not told: {problem}", flush=True)
        time.sleep(_TELL_EACH_S)


def hear(desk: Desk, sign_in: SignIn, subjects: list[str]) -> None:
    while True:
        try:
            listen(sign_in, subjects, desk.priced, lambda: desk.refused_by.discard("the feed"))
        except NotLetIn as problem:
            desk.refused_by.add("the feed")
            print(f"this environment's key and the password of its feed are others by now: {problem}", flush=True)
        except (OSError, ValueError, KeyError) as problem:
            print(f"the feed broke off: {problem}", flush=True)
        time.sleep(_AGAIN_S)


def main() -> None:
    told: dict[str, str] = dict(os.environ)
    trading: dict[str, Any] = json.loads(told["TRADING"])
    limits = Limits.of(trading["risk_config"])
    names = frozenset(f"{each['name']}.{each['type']}.{name}" for each in trading["exchanges"] for name in each["instruments"])
    desk = Desk(names, told["TRADING_KEY"])
    sign_in = SignIn(told["FEED_URL"], told["FEED_USER"], told["FEED_PASSWORD"], told.get("FEED_CA", ""))
    trellis = Trellis(told["TRELLIS_API"], told["TRELLIS_SLUG"], told["TRADING_KEY"])
    threading.Thread(target=keep, args=(desk, limits, trellis), daemon=True).start()
    threading.Thread(target=hear, args=(desk, sign_in, subjects_of(trading, sign_in.user)), daemon=True).start()
    with Server(int(told["PORT"]), desk) as server:
        print(f"listening on port {server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

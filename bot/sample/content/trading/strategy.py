"""A strategy to begin with: buys and sells a little in turn. Its orders go to orders/, which says no where a limit is reached."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def send(side: str, instrument: str, quantity: str) -> str:
    """What came of it, as a line."""
    order = {"id": uuid.uuid4().hex, "instrument": instrument, "side": side, "quantity": quantity}
    headers = {"Authorization": f"Bearer {os.environ['TRADING_KEY']}", "Content-Type": "application/json"}
    asked = Request(f"{os.environ['TRELLIS_ORDERS_URL']}/orders", json.dumps(order).encode(), headers)  # noqa: S310 - our sibling
    try:
        with urlopen(asked, timeout=10) as answer:  # noqa: S310 - the same
            return f"{side} {quantity} at {json.load(answer)['price']}"
    except HTTPError as refused:
        return f"{side} {quantity} refused: {json.load(refused)['why']}"
    except OSError as problem:
        return f"{side} {quantity} not sent: {problem}"


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    while True:
        for side in ("buy", "sell"):
            print(send(side, config["instrument"], config["quantity"]), flush=True)
            time.sleep(config["every_s"])


if __name__ == "__main__":
    main()

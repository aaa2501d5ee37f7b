"""The book on the disk: what happened, a line each, whole before anybody is told of it. Of two processes only one has it."""

from __future__ import annotations

import fcntl
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from .limits import Book, Limits, Order, Refusal


class InUse(Exception):  # noqa: N818 - a sentence
    """Another process has this book, as the one before an update does until it ends."""


class Journal:
    """A book that outlives its process. Raises InUse."""

    def __init__(self, file: Path, limits: Limits) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InUse("another process has this book") from None
        self.book = Book(limits)
        self.answers: dict[str, dict[str, Any]] = {}
        self._noted, self._counted_at = self.book.peak, 0.0
        self._read()

    def close(self) -> None:
        self._file.close()

    def _read(self) -> None:
        """What was begun and not ended when the machine stopped is cut away: nobody was told of it."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            self._happened(json.loads(line, parse_float=Decimal))
            whole += len(line)
        self._file.truncate(whole)

    def _happened(self, it: dict[str, Any]) -> None:
        book, kind = self.book, it["kind"]
        book.prices |= {name: Decimal(price) for name, price in it["prices"].items()}
        if kind == "filled":
            order = Order(it["id"], it["instrument"], it["sign"], Decimal(it["quantity"]))
            book.arrives(float(it["at"]))
            book.fill(order, Decimal(it["price"]))
            self.answers[order.id] = {"filled": it["quantity"], "price": it["price"]}
        elif kind == "refused":
            book.refused = it["counts"]
        elif kind == "best":
            book.peak = self._noted = Decimal(it["peak"])
        elif kind == "halted":
            book.halt(it["why"])
        elif kind == "resumed":
            book.halted = ""
            book.peak = self._noted = Decimal(it["peak"])

    def _write(self, **it: Any) -> None:
        """With all prices of that moment: whoever reads it reckons what was reckoned then."""
        it["prices"] = {name: str(each) for name, each in self.book.prices.items()}
        self._file.write(json.dumps(it).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def order(self, order: Order, at: float) -> dict[str, Any]:
        """What came of it. What was filled is not filled again when it is said twice."""
        if (known := self.answers.get(order.id)) is not None:
            return known
        if refusal := self.book.throttle(at) or self.book.judge(order, at):
            self._refuse(refusal, at)
            return {"refused": refusal.code, "why": refusal.why}
        price, quantity = self.book.prices[order.instrument], str(order.quantity)
        said = {"id": order.id, "instrument": order.instrument, "sign": order.sign, "quantity": quantity, "price": str(price), "at": at}
        self._write(kind="filled", **said)
        self.book.fill(order, price)
        self.answers[order.id] = {"filled": quantity, "price": str(price)}
        return self.answers[order.id]

    def _refuse(self, refusal: Refusal, at: float) -> None:
        """Counted; the counts are written once a second, for whoever sends too much sends very much."""
        self.book.refuse(refusal)
        if not self._counted_at <= at < self._counted_at + 1:
            self._counted_at = at
            self._write(kind="refused", counts=self.book.refused)

    def price(self, instrument: str, price: Decimal, at: float) -> None:
        halts = self.book.price(instrument, price, at)
        if halts or self.book.peak > self._noted:
            self._write(kind="best", peak=str(self.book.peak))
            self._noted = self.book.peak
        if halts:
            self._write(kind="halted", why=self.book.halted, at=at)

    def resume(self, by: str, at: float) -> bool:
        if not self.book.halted or not self.book.resume():
            return False
        self._noted = self.book.peak
        self._write(kind="resumed", by=by, peak=str(self.book.peak), at=at)
        return True

"""Whatever is sent at whatever prices: positions stay within their limit, nothing is filled after a halt, no second has too many orders,
and a process that dies at any moment comes back with the same book."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bot.sample.content.trading.orders.journal import InUse, Journal
from bot.sample.content.trading.orders.limits import STALE_S, Limits, Order

NAMES = ("binance.spot.BTCUSDT", "binance.spot.ETHUSDT")
amounts = st.decimals(min_value=Decimal("0.000001"), max_value=Decimal(1000), places=6)
prices = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(100_000), places=2)
limits = st.builds(
    Limits,
    st.decimals(min_value=1, max_value=1_000_000, places=2),
    st.decimals(min_value=Decimal("0.1"), max_value=100, places=1),
    st.decimals(min_value=Decimal("0.1"), max_value=20, places=1),
)


class Trading(RuleBasedStateMachine):
    """Anything in any order. `filled` are the moments of what was filled; `arrived` of all that was not too much, since the process began."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.at, self.number = 1_000_000.0, 0
        self.filled: list[float] = []
        self.arrived: list[float] = []

    @initialize(limits=limits)
    def opens(self, limits: Limits) -> None:
        self.limits = limits
        self.journal = Journal(Path(self.folder.name) / "book.jsonl", limits)

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()

    @rule(name=st.sampled_from(NAMES), price=prices)
    def priced(self, name: str, price: Decimal) -> None:
        self.journal.price(name, price, self.at)

    @rule(name=st.sampled_from(NAMES), sign=st.sampled_from((1, -1)), quantity=amounts)
    def orders(self, name: str, sign: int, quantity: Decimal) -> None:
        book = self.journal.book
        before, equity, was_halted, filled = book.exposure, book.equity, book.halted, book.filled
        self.number += 1
        order = Order(f"o{self.number}", name, sign, quantity)
        answer = self.journal.order(order, self.at)
        is_full = sum(1 for each in self.arrived if self.at - each < self.limits.window_s) >= self.limits.in_window
        assert is_full == (answer.get("refused") == "max_order_rate")
        if not is_full:
            self.arrived.append(self.at)
        if "filled" in answer:
            assert not was_halted
            assert self.at - book.priced_at[name] <= STALE_S
            assert book.exposure <= self.limits.position or book.exposure < before
            assert book.equity == equity
            self.filled.append(self.at)
            assert self.journal.order(order, self.at) == answer
            assert book.filled == filled + 1
        else:
            assert (book.exposure, book.filled) == (before, filled)
            assert answer["why"]

    @rule(seconds=st.sampled_from((0.0, 0.01, 0.3, 1.0, 30.0, 400.0)))
    def waits(self, seconds: float) -> None:
        self.at += seconds

    @rule()
    def somebody_resumes(self) -> None:
        book = self.journal.book
        was = book.halted
        if self.journal.resume("ada", self.at):
            assert was
            assert book.drawdown_pct == 0

    @rule(torn=st.booleans())
    def dies_and_comes_back(self, torn: bool) -> None:
        file = Path(self.folder.name) / "book.jsonl"
        before = self.journal.book
        self.journal.close()
        if torn:
            with file.open("ab") as half:
                half.write(b'{"kind": "filled", "id": "half')
        self.journal = Journal(file, self.limits)
        after = self.journal.book
        for name in ("cash", "held", "peak", "halted", "halts", "filled"):
            assert getattr(after, name) == getattr(before, name), name
        self.arrived = list(self.filled)  # of what was refused nobody knows any more
        assert list(after.arrived) == self.filled[-self.limits.in_window :]

    @invariant()
    def no_second_has_too_many(self) -> None:
        window, most = self.limits.window_s, self.limits.in_window
        assert Decimal(most) <= max(Decimal(1), self.limits.rate * window)
        for first, beyond in zip(self.filled, self.filled[most:], strict=False):
            assert beyond - first >= window

    @invariant()
    def down_by_too_much_is_halted(self) -> None:
        book = self.journal.book
        assert book.halted or book.drawdown_pct < self.limits.drawdown_pct


_FEW = settings(max_examples=8, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TestTrading = Trading.TestCase
TestTrading.settings = _FEW


@pytest.mark.long
def test_much_trading() -> None:
    run_state_machine_as_test(Trading, settings=settings(_FEW, max_examples=300, stateful_step_count=50))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "book.jsonl", Limits(Decimal(1000), Decimal(5), Decimal(10)))
    made.price(NAMES[0], Decimal(100), 1.0)
    return made


def send(journal: Journal, quantity: str, sign: int = 1, at: float = 1.0) -> dict[str, str]:
    return journal.order(Order(f"{quantity} {sign} {at}", NAMES[0], sign, Decimal(quantity)), at)


def test_up_to_the_limit_and_not_a_satoshi_above(journal: Journal) -> None:
    assert send(journal, "10.00000001")["refused"] == "max_position_usd"
    assert send(journal, "10") == {"filled": "10", "price": "100"}
    assert send(journal, "0.00000001")["why"] == "positions would be worth 1000.00 USD, and 1000 are allowed"
    assert send(journal, "21", -1)["refused"] == "max_position_usd"
    assert send(journal, "20", -1) == {"filled": "20", "price": "100"}
    assert journal.book.refused == {"max_position_usd": 3}


def test_above_by_the_price_alone_only_less_is_allowed(journal: Journal) -> None:
    send(journal, "10")
    journal.price(NAMES[0], Decimal(110), 1.0)
    assert send(journal, "1")["refused"] == "max_position_usd"
    assert "filled" in send(journal, "0.5", -1)


def test_halted_at_the_drawdown_until_somebody_resumes(journal: Journal) -> None:
    send(journal, "10")
    journal.price(NAMES[0], Decimal("95.01"), 2.0)
    assert "filled" in send(journal, "0.1", -1, 2.0)
    assert "filled" in send(journal, "0.1", 1, 2.0)
    journal.price(NAMES[0], Decimal(95), 2.0)
    assert journal.book.halted == "it is down by 5.00 % from its best, and 5 % is allowed"
    assert send(journal, "1", -1, 2.0)["refused"] == "halted"
    journal.price(NAMES[0], Decimal(200), 3.0)
    assert send(journal, "1", -1, 3.0)["refused"] == "halted"
    assert journal.resume("ada", 3.0)
    assert not journal.resume("ada", 3.0)
    assert "filled" in send(journal, "1", -1, 3.5)
    assert journal.book.halts == 1


def test_with_nothing_left_it_cannot_be_resumed(journal: Journal) -> None:
    send(journal, "10", -1)
    journal.price(NAMES[0], Decimal(300), 2.0)
    assert journal.book.equity == -1000
    assert not journal.resume("ada", 2.0)
    assert journal.book.halted


def test_a_price_of_long_ago_fills_nothing_also_after_a_restart(journal: Journal, tmp_path: Path) -> None:
    assert send(journal, "1", at=302.0)["refused"] == "no_price"
    send(journal, "1", at=2.0)
    journal.close()
    again = Journal(tmp_path / "book.jsonl", journal.book.limits)
    assert send(again, "1", at=1_000_000.0)["refused"] == "no_price"
    assert again.book.held == {NAMES[0]: Decimal(1)}


def test_of_two_processes_one_has_the_book(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(InUse):
        Journal(tmp_path / "book.jsonl", journal.book.limits)
    journal.close()
    Journal(tmp_path / "book.jsonl", journal.book.limits).close()


def test_who_sends_very_much_writes_little(journal: Journal, tmp_path: Path) -> None:
    for number in range(500):
        send(journal, f"{1000 + number}", at=5 + number / 1000)
    assert len((tmp_path / "book.jsonl").read_bytes().splitlines()) < 5
    assert journal.book.refused == {"max_position_usd": 10, "max_order_rate": 490}


def test_an_order_that_is_refused_takes_its_place_in_the_second_too_whatever_it_is_refused_for(journal: Journal) -> None:
    for number in range(9):
        assert send(journal, f"{1000 + number}", at=2.0)["refused"] == "max_position_usd"
    assert "filled" in send(journal, "1", at=2.1)
    assert send(journal, "2", at=2.9)["why"] == "10 orders a second are allowed"
    assert send(journal, "1", at=2.1) == {"filled": "1", "price": "100"}  # said again it is no other order
    assert "filled" in send(journal, "3", at=3.0)
    journal.price(NAMES[0], Decimal(1), 4.0)
    assert [send(journal, f"{number}", at=5.0)["refused"] for number in range(4, 16)] == ["halted"] * 10 + ["max_order_rate"] * 2
    assert [send(journal, f"{number}", at=400.0)["refused"] for number in range(16, 28)] == ["halted"] * 10 + ["max_order_rate"] * 2


def test_who_is_always_too_fast_is_held_to_the_rate_and_not_shut_out(journal: Journal) -> None:
    answers = [send(journal, "0.001", 1 if number % 2 else -1, 2 + number / 100) for number in range(300)]  # a hundred a second, for three
    assert sum("filled" in each for each in answers) == 30


@given(st.lists(st.tuples(amounts, prices), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_money_is_exact(trades: list[tuple[Decimal, Decimal]]) -> None:
    from fractions import Fraction

    from bot.sample.content.trading.orders.limits import Book

    book, money = Book(Limits(Decimal(10) ** 12, Decimal(100), Decimal(1000))), Fraction(10**12)
    for number, (quantity, price) in enumerate(trades):
        book.fill(Order(str(number), NAMES[0], 1, quantity), price)
        money -= Fraction(quantity) * Fraction(price)
    assert Fraction(book.cash) == money
    assert json.loads(json.dumps(str(book.cash))) == str(book.cash)

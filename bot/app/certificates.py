"""What the multiplexer tells of an environment's feed, as the domain has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.domain.continuity import Arrived, Certificate, How, Instrument, Loss, Replay, Stretch

if TYPE_CHECKING:
    from feeds.certificate import Account
    from feeds.report import Replayed, Report, Told

_NS = 1e9


def certificate_of(report: Report) -> Certificate:
    accounts = report.arrived.accounts if report.arrived else {}
    has_answered = report.arrived is not None

    def arrived(prefix: str) -> Arrived | None:
        return _sum(account for subject, account in accounts.items() if subject.startswith(f"{prefix}.")) if has_answered else None

    instruments = [_instrument(each, arrived(f"market.data.{each.source}.{each.market}.{each.instrument}")) for each in report.instruments]
    replay = _replay(report.replay, arrived("market.replay")) if report.replay else None
    return Certificate(report.at / _NS, report.is_let_in, has_answered, tuple(instruments), replay)


def _replay(told: Replayed, arrived: Arrived | None) -> Replay:
    start, end, reached = (at / _NS for at in (told.start, told.end, told.reached))
    return Replay(start, end, reached, told.events, told.gaps, told.is_over, told.speed, told.problem, arrived)


def _instrument(told: Told, arrived: Arrived | None) -> Instrument:
    return Instrument(
        f"{told.source}.{told.market}.{told.instrument}",
        told.is_heard,
        tuple(Stretch(How(each.how), each.since / _NS, each.until / _NS) for each in told.stretches),
        tuple(Loss(each.gap.at / _NS, each.kind, each.gap.reason, each.gap.first, each.gap.last) for each in told.named),
        told.gaps,
        told.events,
        told.per_second,
        told.slowest_ms,
        told.refused,
        arrived,
    )


def _sum(accounts: Iterable[Account]) -> Arrived:
    found = list(accounts)
    return Arrived(sum(each.seen for each in found), sum(each.lost for each in found), sum(each.repeated for each in found))

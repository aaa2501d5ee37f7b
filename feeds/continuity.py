"""What an environment heard, in order and none twice, with every loss told where it happened. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from feeds.certificate import Certificate
from feeds.events import Anything, Batch, Book, Change, Gap, Mark, Stream, Trade

_REMEMBERED = 4096


class Lost(NamedTuple):
    """Numbers `first` to `last` of a subject never came here: too slow, or NATS went away."""

    first: int
    last: int


class Heard(NamedTuple):
    """An event, or what was lost before the next one."""

    subject: str
    event: Anything | Lost

    @property
    def stream(self) -> Stream:
        return Stream.of(self.subject)


@dataclass
class _Position:
    epoch: int
    last: int
    ids: deque[str] = field(default_factory=deque)
    known: set[str] = field(default_factory=set)
    update: int = -1


class Continuity:
    """Takes messages as they come; gives what is new, and each loss under the subject that it is of. Pure."""

    def __init__(self, environment: str) -> None:
        self.certificate = Certificate(environment)
        self._positions: dict[str, _Position] = {}

    def take(self, subject: str, batch: Batch, at: int) -> list[Heard]:
        position = self._positions.get(subject)
        if position is not None and batch.epoch < position.epoch:
            self.certificate.stale += 1
            return []
        ready = self._missed(subject, position, batch.n - 1)
        if position is None:
            position = self._positions[subject] = _Position(batch.epoch, batch.n - 1)
        elif batch.epoch > position.epoch:
            position.epoch, position.last = batch.epoch, batch.n - 1
        skipped = max(0, position.last + 1 - batch.n)
        events = batch.events[skipped:]
        if not events:
            return ready
        account = self.certificate.account(subject)
        account.saw(batch.epoch, batch.n + skipped, batch.last, at)
        position.last = batch.last
        for event in events:
            if _is_repeated(position, event):
                account.repeated += 1
                continue
            ready.append(Heard(subject, event))
            if type(event) is Gap:
                account.told_of(event)
            elif type(event) is Mark:
                ready += self._marked(subject, batch.epoch, event)
        return ready

    def _missed(self, subject: str, position: _Position | None, reached: int) -> list[Heard]:
        """The numbers up to `reached` that did not come."""
        if position is None or reached <= position.last:
            return []
        lost = Lost(position.last + 1, reached)
        self.certificate.account(subject).missed(*lost)
        position.last = reached
        return [Heard(subject, lost)]

    def _marked(self, subject: str, epoch: int, mark: Mark) -> list[Heard]:
        """What a mark says was published and did not come. The first one says from where on a subject is listened to."""
        ready: list[Heard] = []
        for kind, reached in mark.reached.items():
            other = subject.rpartition(".")[0] + f".{kind}"
            position = self._positions.get(other)
            if position is None:
                self._positions[other] = _Position(epoch, reached)
            elif epoch >= position.epoch:
                ready += self._missed(other, position, reached)
        return ready


def _is_repeated(position: _Position, event: Anything) -> bool:
    """Whether it was heard before under another number: two that led at the same moment may both have told it."""
    if type(event) is Trade:
        if event.id in position.known:
            return True
        position.known.add(event.id)
        position.ids.append(event.id)
        if len(position.ids) > _REMEMBERED:
            position.known.discard(position.ids.popleft())
    elif type(event) is Change:
        if event.last <= position.update:
            return True
        position.update = event.last
    elif type(event) is Book:
        position.update = event.last
    return False

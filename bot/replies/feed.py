"""What is said of a trading environment's market data: what was seen of it, lost, replayed, and what nobody knows."""

from __future__ import annotations

from bot.domain.continuity import Arrived, Certificate, Feed, How, Instrument, Loss, NotKnown, Replay
from bot.domain.prose import Code, Line, Span, line
from bot.replies.common import brief, hours, moment

_MOST = 8
_REASONS = {
    "sequence": "the exchange's own numbers jumped",
    "disconnected": "no connection stood",
    "restarted": "the exchange began to count anew",
    "takeover": "another multiplexer took over",
    "not_recorded": "it was not recorded",
}


def lines(feed: Feed) -> list[Line]:
    """One line for each instrument, those in trouble first; one for the replay."""
    match feed:
        case NotKnown(reason):
            return [line(f"market data: not known now, for {reason}")]
        case Certificate(is_let_in=False):
            return [line("market data: it hears none now")]
    told = [instrument(each) for each in sorted(feed.instruments, key=_is_well)]
    found = [*told[:_MOST], *([line(f"and {len(told) - _MOST} more instruments: its page shows them")] if len(told) > _MOST else [])]
    if feed.replay:
        found.append(replay(feed.replay))
    return [*found, *([] if feed.has_answered else [line("the strategy does not say what of it arrived")])]


def _is_well(it: Instrument) -> bool:
    return it.is_heard and not it.seconds(How.LOST) and not (it.arrived and it.arrived.lost)


def instrument(it: Instrument) -> Line:
    spans: list[Span | str] = [Code(it.name), f": {now(it)}"]
    if so_far := past(it):
        spans.append(f"; {so_far}")
    if it.losses:
        spans += ["; the last gap ", moment(it.losses[-1].at), f", {loss(it.losses[-1])}"]
    if it.arrived:
        spans.append(f"; {arrived(it.arrived)}")
    return line(*spans)


def now(it: Instrument) -> str:
    if it.refused:
        return f"not heard, the exchange says: {it.refused}"
    if not it.is_heard:
        return "not heard now"
    return f"heard, {it.per_second:,.1f} events a second, {it.slowest_ms:,.1f} ms on their way at most"


def past(it: Instrument) -> str:
    """How much of its time was seen; "" where there was none yet."""
    named = ((How.SEEN, "seen"), (How.LOST, "lost"), (How.UNKNOWN, "not known"))
    return ", ".join(f"{_long(it.seconds(how))} {word}" for how, word in named if it.seconds(how) >= 0.05)


def _long(seconds: float) -> str:
    return hours(seconds) if seconds >= 600 else brief(seconds).removesuffix(" 0 s")


def loss(it: Loss) -> str:
    """As in `trade 5 to 9: the exchange's own numbers jumped`."""
    ids = f" {it.first} to {it.last}" if it.first and it.last else f" from {it.first}" if it.first else ""
    return f"{it.stream}{ids}: {_REASONS.get(it.reason, it.reason)}"


def arrived(it: Arrived) -> str:
    if it.lost:
        return f"the strategy missed {it.lost:,} of {it.seen + it.lost:,}"
    return f"all {it.seen:,} arrived" if it.seen else "the strategy has heard none yet"


def replay(it: Replay) -> Line:
    spans: list[Span | str] = ["replay of ", moment(it.start), " to ", moment(it.end), ": "]
    if it.problem:
        spans += ["stopped at ", moment(it.reached), f", {it.problem}"]
    else:
        spans += ["over"] if it.is_over else ["told until ", moment(it.reached)]
    spans.append(f"; {it.events:,} events, " + ("no gap" if not it.gaps else f"{it.gaps:,} gap{'s' * (it.gaps > 1)}"))
    if it.arrived:
        spans.append(f"; {arrived(it.arrived)}")
    return line(*spans)

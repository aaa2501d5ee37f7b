"""How far the work is, in words and as a bar: the same on every platform."""

from __future__ import annotations

from bot.domain.prose import Stage, StageState

SIGNS = {StageState.DONE: "\u2713", StageState.RUNNING: "\u25cf", StageState.WAITING: "\u25cb", StageState.FAILED: "\u2717"}
_DASH = "\N{EN DASH}"


def duration(seconds: float) -> str:
    """As short as it stays true: 0.4 s, 12 s, 3 min 20 s, 1 h 5 min."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    return f"{rest} s"


def usual(stage: Stage) -> str:
    """Say what past runs took, p50 to p90; "" without past runs."""
    low, high = stage.expected_p50_s, stage.expected_p90_s
    if low is None or high is None or duration(low) == duration(high):
        known = low if low is not None else high
        return "" if known is None else duration(known)
    low_words, high_words = duration(low), duration(high)
    number, _, unit = low_words.partition(" ")
    is_same_unit = high_words.partition(" ")[2] == unit
    return f"{number}{_DASH}{high_words}" if is_same_unit else f"{low_words} {_DASH} {high_words}"


def left(stages: tuple[Stage, ...]) -> str:
    """How long it will still take, for a person who waits; "" where nothing is running or known."""
    running = next((stage for stage in stages if stage.state is StageState.RUNNING), None)
    if running is None or running.expected_p50_s is None:
        return ""
    passed = running.seconds or 0.0
    if running.expected_p90_s is not None and passed > running.expected_p90_s:
        return "slower than usual"
    seconds = max(0.0, running.expected_p50_s - passed)
    seconds += sum(stage.expected_p50_s or 0.0 for stage in stages if stage.state is StageState.WAITING)
    return "any moment now" if seconds < 1 else f"about {duration(round(seconds))} left"


def share_done(stages: tuple[Stage, ...]) -> float | None:
    """From 0 to 1 by the time past runs took; None when that is not known for every stage."""
    total = done = 0.0
    for stage in stages:
        weight = stage.seconds if stage.state is StageState.DONE and stage.seconds is not None else stage.expected_p50_s
        if weight is None:
            return None
        total += weight
        if stage.state is StageState.DONE:
            done += weight
        elif stage.state is StageState.RUNNING:
            done += min(stage.seconds or 0.0, 0.95 * weight)
    return done / total if total else None


def bar(stages: tuple[Stage, ...], width: int = 20) -> str:
    """`▰▰▰▱▱ 60 % · about 20 s left`; "" unless something is running."""
    if not any(stage.state is StageState.RUNNING for stage in stages):
        return ""
    share, words = share_done(stages), left(stages)
    if share is None:
        return words
    full = round(share * width)
    drawn = f"{'▰' * full}{'▱' * (width - full)} {share:.0%}".replace("%", " %")
    return f"{drawn} · {words}" if words else drawn


def took(stage: Stage) -> str:
    """Say how long a stage has taken so far, or took."""
    if stage.seconds is None or stage.state is StageState.WAITING:
        return ""
    return duration(stage.seconds)


def counted(stage: Stage) -> str:
    """How much of a running stage is done; "" where that cannot be counted."""
    if not stage.of:
        return ""
    return f"{stage.doing}, {stage.done} of {stage.of} tasks" if stage.doing else f"{stage.done} of {stage.of}"


def so_far(stage: Stage) -> str:
    """Both in one."""
    return ", ".join(word for word in (took(stage), counted(stage)) if word)

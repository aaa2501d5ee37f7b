"""What stands in the way of a deployment, in words."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.beginning import Asks, Obstacle, Refuse, Skipped, Wait
from bot.domain.deployment import Deployment, Lock, Slot, Veto, Waits
from bot.domain.freezes import Window
from bot.domain.gates import Word
from bot.domain.scopes import Scope
from bot.replies import gates


def why_of(wait: Wait) -> str:
    """What it waits for, as the end of "it waits for …"."""
    match wait.because:
        case Lock() as lock:
            return lock_words(lock)
        case Window() as window:
            return window_words(window)
        case Deployment() as other:
            return f"deploy {other.number} of {other.service}" if wait.waits is not Waits.WORD else f"deploy {other.number} came before it"
        case Word() as word:
            return gates.waiting(word)
        case Asks(roles):
            return _PLAIN[wait.waits] + (f" ({' or '.join(roles)})" if roles else "")
        case None:
            return _PLAIN[wait.waits]


_PLAIN = {
    Waits.TURN: "another deploy of it",
    Waits.STAGE: "the rest of it to be planned",
    Waits.LOCK: "a lock",
    Waits.FREEZE: "a freeze",
    Waits.APPROVAL: "another person's word",
    Waits.CHECKS: "its checks",
    Waits.WORD: "it waited for long",
}


def lock_words(lock: Lock) -> str:
    reason = f" ({lock.reason})" if lock.reason else ""
    return f"the lock on {Scope.stored(lock.scope).words} of {lock.owner.name}{reason}"


def window_words(window: Window) -> str:
    """Without its end, which everybody is told by their own clock."""
    return f"the freeze {window.name}" if window.name else "the freeze"


def forced_past(obstacles: Iterable[Obstacle]) -> str:
    """`the lock on prod of dana, the freeze until …`; "" where there was nothing."""
    return ", ".join(_obstacle(each) for each in obstacles)


def _obstacle(obstacle: Obstacle) -> str:
    match obstacle:
        case Lock():
            return lock_words(obstacle)
        case Window():
            return window_words(obstacle)
        case Skipped(environment):
            return f"the order of environments ({environment} first)"
        case Word() as word:
            return f"the gate {word.gate} ({gates.lacking(word)})"


def refusal(refuse: Refuse) -> str:
    """Why it may not begin at all, as a sentence without its end."""
    match refuse.because:
        case Veto() as veto:
            return f"{veto.person.name} vetoed this version" + (f": {veto.reason}" if veto.reason else "")
        case Slot() as slot:
            by = slot.held_by.name if slot.held_by else "somebody"
            return f"automation is held there by {by}" + (f": {slot.held_reason}" if slot.held_reason else "")
        case Skipped(environment):
            return f"it has to run in {environment} first"
        case Deployment() as other:
            return f"deploy {other.number} is newer"
        case Word() as word:
            return gates.missing(word)
        case None:
            return "it is not merged" if refuse.code == "not_merged" else "it waited for an answer that did not come"

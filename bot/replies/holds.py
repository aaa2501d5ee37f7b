"""What is told when deploys go on by themselves again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.deployment import Slot
from bot.domain.prose import Reply, Strong, Tone
from bot.replies.common import say


def resumed(held: Sequence[Slot], services: Sequence[str], environment: str) -> Reply:
    if not held:
        return say(Tone.NEUTRAL, f"Nothing holds {', '.join(services)} in {environment}.")
    names = ", ".join(slot.service for slot in held)
    return say(Tone.GOOD, Strong(names), f" may go on by itself again in {environment}: what is merged next goes there, where that is on.")

"""The last word before we keep quiet in a thread."""

from __future__ import annotations

from bot.domain.prose import Reply, Tone, line
from bot.replies.common import say


def hushed(replies: int) -> Reply:
    return say(
        Tone.WARNING,
        f"There were {replies} answers of mine here within the hour: I keep quiet in this thread for an hour, and hear nothing in it.",
        code="hushed",
        more=(line("Should another program be talking with me here, please stop it. Say what you want elsewhere until then."),),
    )

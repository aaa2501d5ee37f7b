"""What was heard too late, or had changed before it was heard: it is not run, and whoever said it is asked to say it again."""

from __future__ import annotations

from bot.domain.message import Person
from bot.domain.prose import Button, Code, Reply, Tone, line
from bot.replies.common import hours


def stale(words: str, age_s: float, to: Person) -> Reply:
    """`words` is the command line as it was said."""
    head = line(f"This was said {hours(age_s)} ago and reached me only now, so it was not run: much may have changed since.")
    if words.startswith("/") and "\n" not in words:
        return Reply(Tone.WARNING, (head,), to, "stale", (Button("If you still want it, say it again", words),))
    return Reply(Tone.WARNING, (head, line("If you still want it, say it again: ", Code(words))), to, "stale")

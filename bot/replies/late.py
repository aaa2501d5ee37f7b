"""What was heard too late, or had changed before it was heard: it is not run, and whoever said it is asked to say it again."""

from __future__ import annotations

from bot.domain.message import Person, Said, is_stale
from bot.domain.prose import Button, Code, Reply, Tone, line
from bot.replies.common import hours


def answer(said: Said, words: str, now: float) -> Reply | None:
    """What to say instead of running it; None when it may be run. `words` is the command line as it was said."""
    if is_stale(said, now):
        return stale(words, now - (said.said_at or 0.0), said.person)
    return changed(words, said.person) if said.was_changed else None


def changed(words: str, to: Person) -> Reply:
    """An edit that we found before we ever saw the message: what it said at first nobody knows."""
    head = line("This was changed before I had read it, so it was not run: ", Code(words), ". Say it again in a new message.")
    return Reply(Tone.WARNING, (head,), to, "edited")


def stale(words: str, age_s: float, to: Person) -> Reply:
    """`words` is the command line as it was said."""
    head = line(f"This was said {hours(age_s)} ago and reached me only now, so it was not run: much may have changed since.")
    if words.startswith("/") and "\n" not in words:
        return Reply(Tone.WARNING, (head,), to, "stale", (Button("If you still want it, say it again", words),))
    return Reply(Tone.WARNING, (head, line("If you still want it, say it again: ", Code(words))), to, "stale")

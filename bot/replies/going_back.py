"""What is told of what was taken back."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Rollout
from bot.domain.prose import Block, Code, Items, Line, Reply, Strong, Tone, line
from bot.replies.common import commit, say


def taken_back(theirs: Rollout, rollback: Rollout, moves: Sequence[tuple[str, Artifact | None, Artifact]]) -> Reply:
    """To whoever asked for what is taken back: the services, what each of them is taken back from, and to what."""
    rows = [_move(*each) for each in moves]
    more: list[Block] = [rows[0] if len(rows) == 1 else Items(tuple(rows))]
    if rollback.reason:
        more.append(line(f"Reason: {rollback.reason}"))
    more.append(line("All of it: ", Code(f"/sled why {rollback.number}")))
    head = (
        f"{rollback.person.name} takes back your deploy {theirs.number}, ",
        Strong(theirs.words),
        " to ",
        Strong(theirs.environment),
        ":",
    )
    return say(Tone.WARNING, *head, to=theirs.person, code="taken_back", more=more)


def _move(service: str, before: Artifact | None, after: Artifact) -> Line:
    was = (" from ", commit(before.commit)) if before else ()
    return line(Strong(service), " goes back", *was, " to ", commit(after.commit))


def held(rollout: Rollout, parts: Sequence[Deployment]) -> Line:
    """What a rollback leaves behind it."""
    services = " ".join(sorted(each.service for each in parts))
    return line("Nothing goes there by itself until: ", Code(f"/sled resume {services} --in {rollout.environment}"))

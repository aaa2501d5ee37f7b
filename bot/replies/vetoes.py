"""What is told of vetoes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.artifact import Artifact
from bot.domain.deployment import Veto
from bot.domain.prose import Block, Code, Items, Line, Reply, Tone, line
from bot.replies.common import say


@dataclass(frozen=True)
class Vetoed:
    """`runs_in`: the environments in which it runs now; `waiting`: deploys of it that have not begun, and do not any more."""

    artifact: Artifact
    veto: Veto
    is_new: bool
    runs_in: Sequence[str]
    waiting: int


def version(artifact: Artifact) -> str:
    return f"{artifact.service}@{artifact.commit[:8]}"


def vetoed(told: Sequence[Vetoed]) -> Reply:
    lines = [each for one in told for each in _lines(one)]
    more: list[Block] = [
        *lines[1:],
        line("Let it be deployed again: ", Code(f"/sled unveto {' '.join(version(one.artifact) for one in told)}")),
    ]
    return Reply(Tone.GOOD, (lines[0], *more))


def _lines(one: Vetoed) -> list[Line]:
    name = Code(version(one.artifact))
    if one.is_new:
        found = [line(name, " is vetoed: nobody deploys it any more, not by force either.")]
    else:
        found = [line(name, f" is vetoed already by {one.veto.person.name}: {one.veto.reason}")]
    if one.waiting:
        found.append(line(f"{one.waiting} deploy{'' if one.waiting == 1 else 's'} of it that waited end{'s' if one.waiting == 1 else ''}."))
    found += [
        line(f"It runs in {each}. Take it back: ", Code(f"/sled rollback {one.artifact.service} --to {each}")) for each in one.runs_in
    ]
    return found


def unvetoed(artifacts: Sequence[Artifact]) -> Reply:
    if len(artifacts) == 1:
        return say(Tone.GOOD, Code(version(artifacts[0])), " is vetoed no more.")
    rows = Items(tuple(line(Code(version(each))) for each in artifacts))
    return say(Tone.GOOD, "Vetoed no more:", more=(rows,))

"""What is told of alarms."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.domain.alarm import Alarm, AlarmKind
from bot.domain.prose import Line, Reply, Strong, Text, Tone, line
from bot.replies.common import moment, say

_WHAT = {
    AlarmKind.WALL: "The wall before production's secrets does not hold",
    AlarmKind.OFTEN: "Secrets are asked for more often than is usual, which costs",
    AlarmKind.IMAGE: "The image that machines are made of could not be baked",
}
_OVER = {
    AlarmKind.WALL: "The wall before production's secrets holds again",
    AlarmKind.OFTEN: "Secrets are not asked for too often any more",
    AlarmKind.IMAGE: "The image that machines are made of is baked again",
}
_MEANWHILE = {
    AlarmKind.WALL: "No trading environment is given a secret until a try is refused again. Try it now: trellis vault try",
    AlarmKind.OFTEN: "What was asked for is counted in trellis_secret_reads_total; does something begin anew in a loop?",
    AlarmKind.IMAGE: "Machines are made of the last good one meanwhile. Try again now: trellis image bake",
}


def asked(in_an_hour: int) -> str:
    return f"{in_an_hour} times within the last hour"


def began(kind: AlarmKind, source: str, what: str) -> Reply:
    more = (line(_MEANWHILE[kind]),)
    return say(Tone.BAD, Strong(_WHAT[kind]), f", seen from {source}: {what}.", more=more, code=f"alarm_{kind}")


def ended(kind: AlarmKind, source: str) -> Reply:
    return say(Tone.GOOD, Strong(_OVER[kind]), f", seen from {source}.")


def sentence(alarm: Alarm) -> str:
    """Without its time."""
    return f"{_WHAT[alarm.kind]}, seen from {alarm.source}: {alarm.words}"


def stands(alarm: Alarm) -> Line:
    return line(Strong("Alarm"), Text(f": {sentence(alarm)}; since "), moment(alarm.since))


def with_alarms(reply: Reply, alarms: Sequence[Alarm]) -> Reply:
    """The same, below what stands open."""
    return msgspec.structs.replace(reply, blocks=(*reply.blocks, *map(stands, alarms)))

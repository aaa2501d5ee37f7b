"""What is told of artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.artifact import Artifact
from bot.domain.prose import Code, Line, Reply, Strong, Table, Tone, line
from bot.replies.common import commit, hours, say

_DAY_S = 86_400


def listed(services: Sequence[str], found: Sequence[Artifact], where: Mapping[str, Sequence[str]], now: float) -> Reply:
    """`where`: the environments in which each runs, by id."""
    if not services:
        return say(Tone.NEUTRAL, "No services are configured here that you may look at.")
    if not found:
        push = Code(f"trellis artifact push {services[0]} …")
        return say(Tone.NEUTRAL, "Nothing was registered of ", Strong(", ".join(services)), " yet. CI does that with: ", push)
    is_one = len(services) == 1
    head = (Strong(services[0]), f": the newest {len(found)}") if is_one else (f"The newest {len(found)} of {len(services)} services",)
    columns = (*(() if is_one else ("service",)), "artifact", "what", "merged", "registered", "runs in")
    rows = tuple((*(() if is_one else (line(Strong(each.service)),)), *_row(each, where.get(each.id, ()), now)) for each in found)
    newest = next((each for each in found if each.is_merged), found[0])
    deploy = Code(f"/sled deploy {newest.service}@{newest.commit[:8]} --to …")
    return say(Tone.NEUTRAL, *head, ":", more=(Table(columns, rows), line("Deploy one: ", deploy)))


def _row(artifact: Artifact, places: Sequence[str], now: float) -> tuple[Line, ...]:
    title = artifact.title or artifact.ref.removeprefix("refs/heads/")
    request = f" (!{artifact.request})" if artifact.request else ""
    version = f"{artifact.version} · " if artifact.version else ""
    merged = _ago(now - artifact.merged_at) if artifact.merged_at is not None else "no"
    registered = _ago(now - artifact.registered_at)
    return line(commit(artifact.commit)), line(f"{version}{title}{request}"), line(merged), line(registered), line(", ".join(places))


def _ago(seconds: float) -> str:
    return f"{seconds / _DAY_S:.0f} days ago" if seconds >= 3 * _DAY_S else f"{hours(seconds)} ago"

"""What is told of what runs where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.deployment import Deployment, Slot
from bot.domain.prose import Code, Line, Reply, Span, Strong, Table, Text, Tone, line
from bot.replies.common import commit, hours, say
from bot.replies.deploy import how_it_is


@dataclass(frozen=True)
class What:
    """`in_hand`: what is being deployed now, by service and environment. `owners`: whose beta it is, by deployment."""

    slots: Sequence[Slot]
    artifacts: Mapping[str, Artifact]
    in_hand: Mapping[tuple[str, str], Deployment]
    owners: Mapping[str, str]
    now: float


def status(services: Sequence[str], environments: Sequence[SharedEnvironment], what: What) -> Reply:
    if not services or not environments:
        return say(Tone.NEUTRAL, "No services are configured here that you may look at.")
    there = {(slot.service, slot.environment): slot for slot in what.slots}
    if len(services) == 1:
        rows = tuple((line(Strong(each.key)), *_told(there.get((services[0], each.key)), what)) for each in environments)
        return say(Tone.NEUTRAL, Strong(services[0]), ":", more=(Table(("environment", "runs", "since", "now"), rows),))
    rows = tuple((line(Strong(key)), *(_brief(there.get((key, each.key)), what) for each in environments)) for key in services)
    return say(Tone.NEUTRAL, f"{len(services)} services:", more=(Table(("service", *(each.key for each in environments)), rows),))


def _runs(slot: Slot | None, what: What) -> list[Span]:
    artifact = what.artifacts.get(slot.artifact_id) if slot else None
    if slot is None or artifact is None:
        return [Text("nothing")]
    marks = [f", beta of {what.owners[slot.deployment_id]} until !{slot.beta_request} is over"] if slot.is_beta else []
    marks += [", held"] if slot.held_by is not None else []
    return [commit(artifact.commit), *map(Text, marks)]


def _told(slot: Slot | None, what: What) -> tuple[Line, ...]:
    runs, since, now = _runs(slot, what), "", ""
    if slot is not None:
        artifact, part = what.artifacts.get(slot.artifact_id), what.in_hand.get((slot.service, slot.environment))
        runs += [Text(f" {artifact.title}")] if artifact and artifact.title else []
        since = f"{hours(what.now - slot.since)} ago" if slot.artifact_id else ""
        now = f"deploy {part.number}: {how_it_is(part)}" if part else ""
    return line(*runs), line(since), line(now)


def _brief(slot: Slot | None, what: What) -> Line:
    part = what.in_hand.get((slot.service, slot.environment)) if slot else None
    return line(*_runs(slot, what), *((Text(" · "), Code(f"deploy {part.number}")) if part else ()))

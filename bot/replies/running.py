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

    def slot(self, where: tuple[str, str]) -> Slot | None:
        return next((each for each in self.slots if (each.service, each.environment) == where), None)


def status(services: Sequence[str], environments: Sequence[SharedEnvironment], what: What) -> Reply:
    if not services or not environments:
        return say(Tone.NEUTRAL, "No services are configured here that you may look at.")
    if len(services) == 1:
        rows = tuple((line(Strong(each.key)), *_told((services[0], each.key), what)) for each in environments)
        return say(Tone.NEUTRAL, Strong(services[0]), ":", more=(Table(("environment", "runs", "since", "now"), rows),))
    rows = tuple((line(Strong(key)), *(_brief((key, each.key), what) for each in environments)) for key in services)
    return say(Tone.NEUTRAL, f"{len(services)} services:", more=(Table(("service", *(each.key for each in environments)), rows),))


def _runs(slot: Slot | None, what: What) -> list[Span]:
    artifact = what.artifacts.get(slot.artifact_id) if slot else None
    if slot is None or artifact is None:
        return [Text("nothing")]
    marks = [f", beta of {what.owners[slot.deployment_id]} until !{slot.beta_request} is over"] if slot.is_beta else []
    marks += [", held"] if slot.held_by is not None else []
    return [commit(artifact.commit), *map(Text, marks)]


def _told(where: tuple[str, str], what: What) -> tuple[Line, ...]:
    slot, part = what.slot(where), what.in_hand.get(where)
    runs, since = _runs(slot, what), ""
    if slot is not None:
        artifact = what.artifacts.get(slot.artifact_id)
        runs += [Text(f" {artifact.title}")] if artifact and artifact.title else []
        since = f"{hours(what.now - slot.since)} ago" if slot.artifact_id else ""
    return line(*runs), line(since), line(f"deploy {part.number}: {how_it_is(part)}" if part else "")


def _brief(where: tuple[str, str], what: What) -> Line:
    slot, part = what.slot(where), what.in_hand.get(where)
    return line(*_runs(slot, what), *((Text(" · "), Code(f"deploy {part.number}")) if part else ()))

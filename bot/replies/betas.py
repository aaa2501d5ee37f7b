"""What is told of betas."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.artifact import Artifact
from bot.domain.deployment import Deployment, Rollout, Slot
from bot.domain.message import Person
from bot.domain.prose import Code, Items, Line, Reply, Strong, Tone, line
from bot.replies.common import say


def is_beta(parts: Sequence[Deployment], artifact: Artifact) -> Line:
    """What a beta leaves behind it: until when it is there."""
    services = " ".join(sorted(each.service for each in parts))
    return line(f"It is a beta until !{artifact.request} is merged or closed, or: ", Code(f"/sled release {services}"))


def releasing(begun: Sequence[Rollout]) -> Reply:
    rows = tuple(line(Strong(each.words), f" to {each.environment}: deploy {each.number}") for each in begun)
    return say(Tone.BUSY, "The betas end:", more=(Items(rows),))


def given_back(slot: Slot, theirs: Rollout, by: Person) -> Reply:
    head = (f"{by.name} ends your beta of !{slot.beta_request}: ", Strong(slot.service), f" in {slot.environment}.")
    return say(Tone.WARNING, *head, to=theirs.person, code="beta_ended")


def overrun(slot: Slot, theirs: Rollout, by: Rollout) -> Reply:
    """Somebody deployed something else over it."""
    head = (
        f"Your beta of !{slot.beta_request} has ended: ",
        Strong(slot.service),
        f" in {slot.environment} is now what deploy {by.number} of ",
    )
    return say(Tone.WARNING, *head, f"{by.person.name} brought.", to=theirs.person, code="beta_ended")


def stays(slot: Slot, theirs: Rollout, reason: str) -> Reply:
    head = (
        f"{reason}, but ",
        Strong(slot.service),
        f" in {slot.environment} stays as it is: nothing of it is merged that could come back.",
    )
    return say(Tone.WARNING, *head, to=theirs.person, code="beta_stays")

"""Refusals about betas."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.artifact import Artifact
from bot.domain.catalogue import Catalogue, SharedEnvironment
from bot.domain.deployment import Rollout, Slot
from bot.domain.errors import UserError
from bot.domain.prose import Code, Items, Mention, Strong, line


def which_request(service: str = "SERVICE") -> UserError:
    return UserError("which_request", "Of which merge request? Say it there, or name it: ", Code(f"/sled beta {service}@!12"))


def which_beta() -> UserError:
    return UserError("which_target", "Which beta? Say it in its merge request, or name the service: ", Code("/sled release SERVICE"))


def nothing_built(request: int, services: Sequence[str]) -> UserError:
    if not services:
        return UserError("no_artifact", f"No service is configured whose code !{request} could change.")
    ways = Items(tuple(line(Code(f"/sled artifacts {each}")) for each in services))
    return UserError("no_artifact", f"Nothing was registered yet of what !{request} builds. All that was registered:", more=(ways,))


def no_beta(services: Sequence[str], request: int | None) -> UserError:
    of = Strong(", ".join(services)) if services else f"!{request}"
    return UserError("no_beta", "No beta of ", of, " runs anywhere. What runs where: ", Code("/sled status"))


def no_request(artifact: Artifact) -> UserError:
    head = (Strong(f"{artifact.service}@{artifact.commit[:8]}"), " was not built of a merge request, so nothing would end the beta. ")
    return UserError("no_request", *head, "Without that: ", Code(f"/sled deploy {artifact.service}@{artifact.commit[:8]} --to …"))


def is_merged(artifact: Artifact, place: SharedEnvironment) -> UserError:
    head = (Strong(f"{artifact.service}@{artifact.commit[:8]}"), " is merged, which needs no beta: ")
    return UserError("is_merged", *head, Code(f"/sled deploy {artifact.service}@{artifact.commit[:8]} --to {place.key}"))


def is_closed(request: int) -> UserError:
    return UserError("request_closed", f"!{request} is not open, so its betas have ended.")


def is_fork(request: int) -> UserError:
    return UserError("fork_refused", f"!{request} comes from a fork, whose deploy.py gets the rights of no shared environment.")


def merged_only(place: SharedEnvironment, catalogue: Catalogue, said: str) -> UserError:
    """`said` is the line without where it goes."""
    others = [each.key for each in catalogue.in_order() if not each.merged_only]
    ways = (Items(tuple(line(Code(f"{said} --to {each}")) for each in others)),) if others else ()
    return UserError("merged_only", Strong(place.key), " takes only what is merged, and so no beta.", more=ways)


def beta_there(slot: Slot, theirs: Rollout | None) -> UserError:
    owner = (Mention(theirs.person),) if theirs else ("somebody",)
    head = ("A beta of ", *owner, f" of !{slot.beta_request} runs of ", Strong(slot.service), f" in {slot.environment}. When it is over: ")
    return UserError("beta_there", *head, Code(f"/sled release {slot.service} --in {slot.environment}"))


def nothing_to_release(slots: Sequence[Slot]) -> UserError:
    names = ", ".join(f"{each.service} in {each.environment}" for each in slots)
    head = ("Nothing could come back in place of ", Strong(names), ": nothing of it is merged that may run there, and nothing ran before.")
    return UserError("nothing_before", *head)


def say_anew(artifacts: Sequence[Artifact], place: str) -> UserError:
    names = " ".join(f"{each.service}@!{each.request}" for each in artifacts)
    return UserError("say_anew", "Its request may be over by now. Say it anew: ", Code(f"/sled beta {names} --to {place}"))

"""Refusals about what can be deployed where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from bot.domain.artifact import Artifact
from bot.domain.beginning import Refuse, Skipped
from bot.domain.catalogue import Catalogue, Service, SharedEnvironment
from bot.domain.deployment import Deployment, Rollout, RolloutState
from bot.domain.errors import UserError
from bot.domain.gates import Word
from bot.domain.prose import Block, Code, Items, Strong, line
from bot.replies import gates
from bot.replies.deploy_waits import refusal

_MOST_NEAR = 3
_MOST_NAMED = 20


def _choices(names: Iterable[str]) -> tuple[Block, ...]:
    found = tuple(line(Code(each)) for each in names)
    return (Items(found[:_MOST_NAMED]),) if found else ()


def which_target(known: Sequence[str], verb: str) -> UserError:
    if not known:
        return no_services()
    return UserError("which_target", f"{verb.capitalize()} what? Name a service or a deploy group:", more=_choices(known))


def no_services() -> UserError:
    return UserError("no_services", "No services are configured here that you may deploy. Whoever runs Trellis can add them.")


def unknown_target(name: str, known: Sequence[str]) -> UserError:
    if not known:
        return no_services()
    near = difflib.get_close_matches(name, known, n=_MOST_NEAR, cutoff=0.4)
    words = ". Did you mean:" if near else ". There is:"
    return UserError("unknown_target", "There is no service and no deploy group ", Code(name), words, more=_choices(near or known))


def which_place(catalogue: Catalogue, said: str) -> UserError:
    """`said` lacks only the environment; or bears it as people say it: `hello to dev`."""
    *words, option = said.split()
    if len(words) > 2 and words[-2].lower() == option.removeprefix("--") and words[-1].lower() in catalogue.environments:
        meant = f"{' '.join(words[:-2])} {option} {words[-1].lower()}"
        return UserError("which_environment", "Which environment? Try: ", Code(meant))
    ways = Items(tuple(line("Try: ", Code(f"{said} {each.key}")) for each in catalogue.in_order()))
    return UserError("which_environment", "Which environment?", more=(ways,))


def unknown_place(name: str, catalogue: Catalogue) -> UserError:
    known = [each.key for each in catalogue.in_order()]
    if not known:
        return UserError("unknown_environment", "No environments are configured here that services could go to.")
    near = difflib.get_close_matches(name, known, n=_MOST_NEAR, cutoff=0.4)
    words = ". Did you mean:" if near else ". There is:"
    return UserError("unknown_environment", "There is no environment ", Code(name), words, more=_choices(near or known))


def two_wishes(service: str) -> UserError:
    return UserError("two_artifacts", Strong(service), " is asked for twice, at different artifacts. Say which.")


def not_there(service: Service, environment: SharedEnvironment) -> UserError:
    may = ", ".join(service.environments)
    return UserError("not_there", Strong(service.key), f" does not run in {environment.key}: it may run in {may}.")


def _registered(service: str, newest: Sequence[Artifact]) -> tuple[Block, ...]:
    if not newest:
        return (line("Nothing of it was registered yet. CI does that with: ", Code(f"trellis artifact push {service} …")),)
    rows = (line(Code(f"{service}@{each.commit[:8]}"), f" · {each.title or each.ref.removeprefix('refs/heads/')}") for each in newest)
    return (line("The newest that were registered:"), Items(tuple(rows)))


def no_artifact(service: str, wish: str, newest: Sequence[Artifact]) -> UserError:
    if not wish:
        head = ("Nothing of ", Strong(service), " is merged as far as the forge says, so there is no newest to deploy.")
        return UserError("no_artifact", *head, more=_registered(service, newest))
    return UserError("unknown_artifact", "There is no artifact ", Code(f"{service}@{wish}"), ".", more=_registered(service, newest))


def which_artifact(service: str, found: Sequence[Artifact]) -> UserError:
    return UserError("which_artifact", "Several begin so. Which one?", more=_choices(f"{service}@{each.commit[:12]}" for each in found))


UNMERGED = frozenset({"no_artifact", "not_merged"})
"""What may be refused only because the forge could not be asked."""


def merge_unknown(reason: str) -> UserError:
    return UserError("unavailable", f"Whether it is merged cannot be asked of the forge now ({reason}). Say it again in a minute.")


def not_merged(artifact: Artifact, environment: SharedEnvironment) -> UserError:
    head = (Strong(f"{artifact.service}@{artifact.commit[:8]}"), f" is not merged, and {environment.key} takes only what is. ")
    return UserError("not_merged", *head, "Merge it, or leave the artifact out: ", Code(f"/sled deploy {artifact.service} --to …"))


def may_not_begin(part: Deployment, artifact: Artifact, refuse: Refuse) -> UserError:
    """A veto, the order of environments, a gate: what no waiting changes."""
    head = (Strong(f"{part.service}@{artifact.commit[:8]}"), f" may not go to {part.environment}: {refusal(refuse)}.")
    if isinstance(refuse.because, Word):
        lines = tuple(line(Code(each)) for each in gates.details(refuse.because)[: gates.MOST_NAMED])
        return UserError(refuse.code, *head, more=(*((Items(lines),) if lines else ()), line(gates.way_on(refuse.because), ".")))
    first = refuse.because.environment if isinstance(refuse.because, Skipped) else ""
    more = (line("First: ", Code(f"/sled deploy {part.service}@{artifact.commit[:8]} --to {first}")),) if first else ()
    return UserError(refuse.code, *head, more=more)


def no_deploy(number: int | None, verb: str) -> UserError:
    if number is None:
        ways = ("Which deploy? None was asked for here. Say its number: ", Code(f"/sled {verb} 17"), " · all there are: ")
        return UserError("which_deploy", *ways, Code("/sled history"))
    return UserError("no_deploy", f"There is no deploy {number} that you may look at. All there are: ", Code("/sled history"))


def is_over(rollout: Rollout, part: Deployment | None) -> UserError:
    number = part.number if part else rollout.number
    again = Code(f"/sled {'history' if rollout.state is RolloutState.SUCCEEDED else 'retry'} {_named(rollout)}")
    what = "Done with since" if rollout.state is RolloutState.SUCCEEDED else "Try again"
    return UserError("over", f"Deploy {number} has ended: there is nothing to stop. {what}: ", again)


def _named(rollout: Rollout) -> str:
    return rollout.words.partition("@")[0] if rollout.state is RolloutState.SUCCEEDED else str(rollout.number)


def nothing_failed(rollout: Rollout) -> UserError:
    again = Code(f"/sled deploy {rollout.words} --to {rollout.environment}")
    return UserError("nothing_failed", f"Nothing of deploy {rollout.number} failed or was stopped. All of it again: ", again)


def still_going(rollout: Rollout) -> UserError:
    return UserError("still_running", f"Deploy {rollout.number} is still going. To stop it: ", Code(f"/sled cancel {rollout.number}"))


def is_gone(service: str, number: int) -> UserError:
    return UserError("unknown_artifact", "What deploy ", Code(str(number)), " brought of ", Strong(service), " is not kept any more.")

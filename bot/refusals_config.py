"""Refusals that are about what a repository's file says, with the place and the nearest right thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from bot.domain.datasets import Dataset
from bot.domain.devenv_choice import NotThere, nearest_size
from bot.domain.environment import Size
from bot.domain.errors import UserError
from bot.domain.placement import Misplaced
from bot.domain.project import Project
from bot.domain.prose import Code, Items, Log, line
from bot.domain.service_config import ConfigProblem


def bad_config(problems: Sequence[ConfigProblem]) -> UserError:
    many = "one thing" if len(problems) == 1 else f"{len(problems)} things"
    words = (Code(problems[0].file), f" cannot be used: {many} to mend. Push that, and say it again.")
    return UserError("bad_config", *words, more=(Log(tuple(map(str, problems))),))


def not_there(error: NotThere, file: str) -> UserError:
    there = f"; there is {', '.join(error.known)}" if error.known else ", which has none"
    more = (line("Try: ", Code(f"/ivy create --{error.kind} {error.near}")),) if error.near else ()
    words = (f"There is no {error.kind} ", Code(error.name), " in ", Code(file), f"{there}.")
    return UserError(f"unknown_{error.kind}", *words, more=more)


def no_file_here() -> UserError:
    return UserError("no_environment", "Of what? Say it in a merge request, or name an environment: ", Code("/ivy config ENV"))


def unknown_dataset(name: str, known: Mapping[str, Dataset], file: str, typed: Callable[[str], str]) -> UserError:
    head = ("There is no dataset ", Code(name), " here")
    if not known:
        example = "seeds: {demo: {run: ./seed.sh}}"
        return UserError("unknown_dataset", *head, ": the branch's ", Code(file), " has none. It would be ", Code(example))
    near = get_close_matches(name.lower(), known, 1, 0.5) or (list(known) if len(known) == 1 else [])
    tries = tuple(line("Try: ", Code(typed(each))) for each in near)
    about = (line(Code(each.name), f": {each.description}" if each.description else "") for each in known.values())
    return UserError("unknown_dataset", *head, "; there is:", more=(Items(tuple(about)), *tries))


def size_not_allowed(size: Size, project: Project, typed: str) -> UserError:
    """`typed` is the line without its size."""
    there = ", ".join(project.sizes)
    near = Code(f"{typed} --size {nearest_size(size, project.sizes)}")
    return UserError(
        "size_not_allowed", f"{project.path or project.key} has no environments of the size {size}; there is {there}. Try: ", near
    )


def misplaced_text(how: Misplaced, file: str, project: str) -> str:
    """Also the reason of an environment that failed over it."""
    if how is Misplaced.NO_STRATEGY:
        return (
            f"environments of {project} are hosts that reach only sandboxes and their feed, and {file} says no strategy: "
            f"add exchanges, risk_config and strategy, or have whoever runs Trellis set projects.{project}.module to branch-env"
        )
    return (
        f"environments of {project} are machines that reach everything, and a trading environment reaches only sandboxes and its feed: "
        f"have whoever runs Trellis set projects.{project}.module to trading-env"
    )


def misplaced(how: Misplaced, file: str, project: str) -> UserError:
    text = misplaced_text(how, file, project)
    return UserError(how.value, f"{text[0].upper()}{text[1:]}.")

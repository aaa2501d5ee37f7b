"""Refusals that are about what a repository's file says, with the place and the nearest right thing."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.devenv_choice import NotThere
from bot.domain.errors import UserError
from bot.domain.prose import Code, Log, line
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

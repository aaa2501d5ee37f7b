"""Every refusal the bot gives, as errors that are shown as written: what stands in the way, then what to type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from bot.auth.policy import Decision
from bot.domain.environment import Environment, State
from bot.domain.errors import UserError
from bot.domain.project import ChangeRequest, Project
from bot.domain.prose import Code, Items, Span, Strong, line
from bot.replies import again_line, branch_line, hours, how, moment

_MOST_NEAR = 3


def _near(word: str, known: Iterable[str]) -> list[str]:
    choices = sorted(known)
    return (
        difflib.get_close_matches(word, choices, n=_MOST_NEAR, cutoff=0.4)
        or [each for each in choices if word and word in each][:_MOST_NEAR]
    )


def _tries(lines: Iterable[str]) -> tuple[Items, ...]:
    found = tuple(line("Try: ", Code(each)) for each in lines)
    return (Items(found),) if found else ()


def _called(project: Project) -> str:
    return project.path or project.key


# -- who ---------------------------------------------------------------------------------------------


def not_allowed(words: str, decision: Decision) -> UserError:
    about: list[Span | str] = ["Rule: ", Code(decision.rule)]
    if decision.argument:
        about += [", about ", Code(decision.argument)]
    about.append(f". Who may: {', '.join(decision.roles) or 'nobody'}.")
    more = (line(*about),) if decision.rule else ()
    return UserError(decision.code, "You may not run ", Code(f"/{words}"), f": {decision.reason}.", more=more)


# -- which -------------------------------------------------------------------------------------------


class NoProject(UserError):  # noqa: N818 - as UserError, it is an answer
    """None was named (`name` is ""), or one that is not there. `request` is the number that was said with it."""

    def __init__(self, name: str, known: Iterable[str], request: int | None = None) -> None:
        keys = sorted(known)
        near = (_near(name.lower(), keys) if name else ()) or keys
        more = (Items(tuple(line(Code(f"{key}#{request}" if request else f"--project {key}")) for key in near)),) if keys else ()
        if name:
            super().__init__("unknown_project", "There is no project ", Code(name), " here.", " There is:" if keys else "", more=more)
        else:
            super().__init__("which_project", "Which project? Say one of these:", more=more)
        self._said = (name, request)

    def among(self, known: Iterable[str]) -> NoProject:
        """The same, naming only those that whoever hears it may know of."""
        name, request = self._said
        return NoProject(name, known, request)


def forgotten_project(key: str) -> UserError:
    return UserError("unknown_project", f"The project {key} is no longer configured.")


def no_environment() -> UserError:
    make, look = Code("/ivy create"), Code("/ivy list")
    return UserError("no_environment", "There is no environment here. Make one: ", make, " · list them: ", look)


def no_environment_for(project: Project, request: int) -> UserError:
    return UserError(
        "no_environment", f"There is no environment for request {request} of {_called(project)}. List them: ", Code("/ivy list")
    )


def unknown_environment(slug: str, slugs: Sequence[str]) -> UserError:
    near = _near(slug.lower(), slugs)
    if not near:
        return UserError("unknown_environment", "There is no environment ", Code(slug), ". List them: ", Code("/ivy list"))
    more = Items(tuple(line(Code(each)) for each in near))
    return UserError("unknown_environment", "There is no environment ", Code(slug), ". Did you mean:", more=(more,))


def which_environment(here: Sequence[Environment]) -> UserError:
    names = Items(tuple(line(Strong(each.slug), " · ", Code(each.branch)) for each in here))
    return UserError("which_environment", "Which one? There is more than one here:", more=(names,))


def which_branch(project: Project) -> UserError:
    return UserError("which_branch", "Which branch? For instance ", Code(branch_line(project.key, project.default_branch)))


def unknown_branch(branch: str, project: Project, refs: Iterable[str]) -> UserError:
    names = [ref.removeprefix("refs/heads/") for ref in refs]
    near = _near(branch.removeprefix("refs/heads/"), names) or sorted(names)[:_MOST_NEAR]
    more = _tries(branch_line(project.key, each) for each in near)
    return UserError("unknown_branch", "There is no branch ", Code(branch), f" in {_called(project)}.", more=more)


def branch_gone(environment: Environment) -> UserError:
    return UserError("unknown_branch", "The branch ", Code(environment.branch), " is no longer there.")


def unknown_sha(sha: str) -> UserError:
    return UserError("unknown_sha", Code(sha), " is not the head of one branch. Give all 40 digits of the commit.")


def unknown_service(service: str, services: Sequence[str]) -> UserError:
    return UserError("unknown_service", "There is no service ", Code(service), f" in it; there is {', '.join(services)}.")


def unknown_command(verb: str) -> UserError:
    return UserError("unknown_verb", "There is no command ", Code(verb), ". All there are: ", Code("/ivy help"))


def no_request(number: int, project: Project) -> UserError:
    return UserError("no_request", f"There is no request number {number} in {_called(project)}.")


# -- not so ------------------------------------------------------------------------------------------


def request_closed(project: Project, request: ChangeRequest) -> UserError:
    if request.is_fork:
        return UserError("request_closed", "This request is closed, and its branch is in a fork: nothing of it is run here.")
    line_for_branch = Code(branch_line(project.key, request.ref))
    return UserError("request_closed", "This request is closed. Name the branch to have one all the same: ", line_for_branch)


def no_tilt() -> UserError:
    return UserError(
        "no_tilt",
        "Nothing here reads Tilt arguments: environments run the services of ",
        Code(".dev-env.yaml"),
        ". A service whose command uses ",
        Code("$TILT_ARGS"),
        " would get them. Leave them out, or add that.",
    )


def ttl_over_cap(cap_s: float, ttl_s: float) -> UserError:
    most = Code(f"--ttl {int(cap_s // 60)}m" if cap_s % 3600 else f"--ttl {int(cap_s // 3600)}h")
    head = f"An environment lives {hours(cap_s)} at most; you asked for {hours(ttl_s)}. Say "
    return UserError("over_cap", head, most, "; more can be asked for later, with ", Code("/ivy extend"), ".")


def not_later(environment: Environment) -> UserError:
    head = (Strong(environment.slug), " goes ", moment(environment.expires_at), " already, which is later than that. ")
    return UserError("not_later", *head, "To have it gone before: ", Code(f"/ivy terminate {environment.slug}"))


def gone(environment: Environment, *, can_restore: bool) -> UserError:
    how = "is gone" if not environment.is_live else "is being taken down"
    again = Code(again_line(environment))
    head = (Strong(environment.slug), f" {how}: {environment.gone_reason}.")
    if can_restore:
        return UserError("gone", *head, " Have it back: ", Code(f"/ivy restore {environment.slug}"), " · a new one: ", again)
    return UserError("gone", *head, " Have a new one: ", again)


def nothing_runs(environment: Environment) -> UserError:
    down = Code(f"/ivy terminate {environment.slug}")
    return UserError("nothing_runs", "Nothing is being done for ", Strong(environment.slug), ". To take it down: ", down)


def still_running(environment: Environment) -> UserError:
    return UserError("still_running", "It is still being worked on. To stop that: ", Code(f"/ivy cancel {environment.slug}"))


def nothing_failed(environment: Environment) -> UserError:
    newest = Code(f"/ivy update {environment.slug}")
    return UserError("nothing_failed", "Nothing failed for ", Strong(environment.slug), ". To bring it to the newest commit: ", newest)


def not_ready(environment: Environment, verb: str) -> UserError:
    hint = Code(f"/ivy {'retry' if environment.state is State.FAILED else 'status'} {environment.slug}")
    return UserError("not_ready", Strong(environment.slug), f" {how(environment)}, so there is nothing to {verb}. Try: ", hint)

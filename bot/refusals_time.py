"""Refusals about how long something lives and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.approval import DEPLOY, Approval, ApprovalState
from bot.domain.environment import Environment
from bot.domain.errors import UserError
from bot.domain.message import Person, Platform
from bot.domain.project import Project
from bot.domain.prose import Code, Items, Strong, line
from bot.replies import again_line, hours, how, moment, typed

_MINUTE_S = 60.0


def kept_too_many(owner: Person, kept: Sequence[Environment], most: int) -> UserError:
    if most == 0:
        return UserError("over_quota", "Nothing may be kept here. More time: ", Code("/ivy extend"))
    ways = Items(tuple(line(Code(typed("unkeep", each))) for each in kept))
    many = "one environment" if most == 1 else f"{most} environments"
    return UserError(
        "over_quota", f"{owner.name} keeps {many} already, which is all that anybody may. Let one go in its time:", more=(ways,)
    )


def not_paused(environment: Environment) -> UserError:
    return UserError("not_paused", Strong(environment.slug), f" is not paused: it {how(environment)}.")


def is_paused(environment: Environment) -> UserError:
    return UserError("paused", Strong(environment.slug), " is paused. First: ", Code(typed("resume", environment)))


def has_no_key(environment: Environment) -> UserError:
    again = Code(typed("restart", environment))
    return UserError("no_key", Strong(environment.slug), " has no API key: trading environments have one. Without one: ", again)


def whom(environment: Environment) -> UserError:
    return UserError("missing_value", "Whose shall it be? Say ", Code(f"{typed('transfer', environment)} @name"))


def no_environment_but_person(name: str) -> UserError:
    """To who named a person as one names an environment."""
    way = line("A person is named with @. Try: ", Code(f"/ivy transfer @{name}"))
    return UserError("unknown_environment", "There is no environment ", Code(name), ".", more=(way,))


def unknown_person(name: str, platform: Platform) -> UserError:
    if platform in {Platform.CONSOLE, Platform.WEB}:
        return UserError("unknown_person", f"Nobody called {name} has been here yet. Once they have signed in or spoken, say it again.")
    return UserError("unknown_person", f"There is nobody called {name} on {platform}.")


def may_not_own(person: Person, project: Project) -> UserError:
    called = project.path or project.key
    return UserError("not_allowed", f"{person.name} may not work with environments of {called}, and so cannot own one.")


def not_gone(environment: Environment) -> UserError:
    return UserError("exists", "There is one already for ", Code(environment.branch), ". See: ", Code(typed("status", environment)))


def too_long_gone(environment: Environment, within_s: float) -> UserError:
    head = (
        Strong(environment.slug),
        " is gone since ",
        moment(environment.gone_at or 0),
        f"; after {hours(within_s)} nothing is left of it.",
    )
    return UserError("too_late", *head, " Have a new one: ", Code(again_line(environment)))


# -- approvals ---------------------------------------------------------------------------------------


def over_longest(environment: Environment, longest_s: float) -> UserError:
    latest = environment.created_at + longest_s
    head = (Strong(environment.slug), " may not live longer than until ", moment(latest), ", whoever approves it.")
    if latest - environment.expires_at < _MINUTE_S:
        return UserError("over_cap", *head)
    until = datetime.fromtimestamp(latest, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return UserError("over_cap", *head, " That long: ", Code(f"/ivy extend {environment.slug} --until {until}"))


def no_approval(id: str | None) -> UserError:
    if id is None:
        return UserError("no_approval", "Nothing waits for an approval here. Name the request by its id.")
    return UserError("no_approval", "No request ", Code(id), " waits for an answer: it was answered, ran out, or never was.")


def which_approval(open_ones: Sequence[Approval], verb: str) -> UserError:
    ways = Items(tuple(line(Code(f"/{_product(each)} {verb} {each.id}"), f" - of {each.person.name}") for each in open_ones))
    return UserError("which_approval", "Several requests wait here. Which one?", more=(ways,))


def _product(request: Approval) -> str:
    return "sled" if request.kind == DEPLOY else "ivy"


def decided_already(approval: Approval) -> UserError:
    if approval.state is ApprovalState.VOID:
        return UserError("decided", "This request is void already: what it was for has moved, or another request took its place.")
    by = f" by {approval.decider.name}" if approval.decider else ""
    return UserError("decided", "This request is ", approval.state.value, f"{by} already.")


def too_old(approval: Approval) -> UserError:
    return UserError("too_late", "This request waited too long. ", f"{approval.person.name} can ask again.")


def own_terminal() -> UserError:
    why = "A terminal takes any name, so those who ask and answer in terminals count as one person:"
    way = line("To try it alone, as several people: start Trellis with ", Code("TRELLIS_TRUST_CONSOLE_NAMES=true"))
    return UserError("not_allowed", why, " somebody has to answer who is signed in, or in a chat.", more=(way,))


def own_request() -> UserError:
    return UserError("not_allowed", "Nobody answers their own request: somebody else has to.")

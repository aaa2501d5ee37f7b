"""Refusals about people: quotas and the joining of accounts."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.budget import Spent
from bot.domain.cost import Prices
from bot.domain.environment import Environment
from bot.domain.errors import UserError
from bot.domain.message import Person
from bot.domain.prose import Code, Items, Strong, line
from bot.replies import moment, typed
from grammar.nearest import nearest

_MOST_LISTED = 10


def over_quota(quota: str, whose: str, count: int, own: Sequence[Environment]) -> UserError:
    """`quota` is its name in the settings; `whose`: "You have", "acme/shop has". Lists what is the person's own, and what to type."""
    many = "1 environment" if count == 1 else f"{count} environments"
    head = (f"{whose} {many}, which is all that the quota ", Code(quota), " allows.")
    if not own:
        return UserError("over_quota", *head, " None of them is yours. List them: ", Code("/ivy list --all"))
    lines = tuple(
        line(Strong(each.slug), f" of {each.project}, goes ", moment(each.expires_at), ": ", Code(typed("terminate", each)))
        for each in sorted(own, key=lambda each: each.expires_at)[:_MOST_LISTED]
    )
    rest = len(own) - len(lines)
    more = (Items(lines), line(f"and {rest} more: ", Code("/ivy list --mine"))) if rest > 0 else (Items(lines),)
    return UserError("over_quota", *head, " Take one of yours down:", more=more)


def over_budget(spent: Spent, prices: Prices) -> UserError:
    """`spent.name` is the budget's name in the settings."""
    so_far, budget = prices.shown(spent.so_far), prices.shown(spent.budget)
    whose = {"per_person": "You have spent", "month": "All environments together have cost"}.get(spent.name, "This project has cost")
    head = f"{whose} {so_far} this month, and the budget "
    return UserError("over_budget", head, Code(spent.name), f" is {budget}. Nothing new is made before ", moment(spent.until), ".")


def has_enough(person: Person, count: int) -> UserError:
    many = "1 environment" if count == 1 else f"{count} environments"
    return UserError("over_quota", f"{person.name} has {many}, which is all that the quota ", Code("per_person"), " allows.")


def too_many_tries(what: str) -> UserError:
    return UserError("too_many_tries", f"That was {what} within the hour. Please wait a while.")


def console_cannot_link() -> UserError:
    return UserError("cannot_link", "The console takes any name, so it proves nobody's: join accounts where you are signed in.")


def guests_cannot_link() -> UserError:
    return UserError("cannot_link", "Guests and people of other workspaces cannot join accounts here.")


def own_code() -> UserError:
    return UserError("own_code", "This is your own code. Say it with your other account.")


def joined_already(other: Person) -> UserError:
    return UserError("joined_already", "You and ", Strong(f"{other.name} on {other.platform}"), " are one person already.")


def nothing_to_confirm() -> UserError:
    return UserError(
        "nothing_to_confirm", "Nobody with that account has said your code, or its time is over. Begin again: ", Code("/ivy link")
    )


def another_account(said: str) -> UserError:
    return UserError("another_account", "It was another account that said your code: ", Code(said), ". If that is not you, do nothing.")


def not_joined(account: str) -> UserError:
    return UserError("not_joined", Code(account), " is not joined with you. Yours: ", Code("/ivy whoami"))


def wrong_code() -> UserError:
    again = Code("/ivy link")
    return UserError("wrong_code", "There is no such code, or its time is over, or it was said before. A new one: ", again)


def unknown_team(team: str, known: Sequence[str]) -> UserError:
    near = nearest(team, known) or known[-1]
    return UserError("unknown_team", "There is no group or project ", Code(team), ". Try: ", Code(f"/ivy cost --team {near}"))

"""Answers to keep, pause, transfer and their opposites."""

from __future__ import annotations

from bot.domain.cost import Prices, ahead
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.domain.prose import Code, Mention, Reply, Strong, Tone, line
from bot.replies.common import moment, say, typed


def kept(environment: Environment) -> Reply:
    back = line("Let it go in its time after all: ", Code(typed("unkeep", environment)))
    return say(Tone.GOOD, Strong(environment.slug), " is kept: it goes ", moment(environment.expires_at), " at the latest.", more=(back,))


def not_kept(environment: Environment) -> Reply:
    return say(Tone.NEUTRAL, Strong(environment.slug), " is not kept: it goes ", moment(environment.expires_at), ".")


def unkept(environment: Environment) -> Reply:
    more = line("More time: ", Code(typed("extend", environment)))
    return say(Tone.GOOD, Strong(environment.slug), " is kept no more: it goes ", moment(environment.expires_at), ".", more=(more,))


def already_paused(environment: Environment) -> Reply:
    return say(Tone.NEUTRAL, Strong(environment.slug), " is paused already. Have it back: ", Code(typed("resume", environment)))


def resizing(before: Environment, after: Environment, prices: Prices) -> Reply:
    """Of one with a machine of its own, beforehand; elsewhere what runs goes on until it is replaced."""
    was, becomes = (ahead(each, prices, 3600) for each in (before, after))
    cost = f" It costs {prices.shown(becomes)} an hour then, instead of {prices.shown(was)}." if becomes else ""
    what = f" becomes {after.size}: its machine is stopped, changed and started again. Its disk stays, what runs on it begins anew.{cost}"
    return say(Tone.BUSY, Strong(after.slug), what, more=(line("Leave it as it is: ", Code(typed("cancel", after))),))


def transferred(environment: Environment, before: Person) -> Reply:
    if environment.owner == before:
        return say(Tone.NEUTRAL, Strong(environment.slug), f" is {before.name}'s already.")
    head = (Strong(environment.slug), " is now owned by ", Mention(environment.owner), f", no longer by {before.name}.")
    return say(Tone.GOOD, *head, more=(line("It goes ", moment(environment.expires_at), "."),))

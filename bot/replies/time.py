"""What is said when time passes: warnings, quiet, pauses."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.cost import PriceSource, ahead
from bot.domain.environment import Environment
from bot.domain.message import Person
from bot.domain.prose import Button, Code, Line, Reply, Strong, Tone, line
from bot.replies.common import addresses, hours, moment, say, typed

_DAY_S = 86400.0
_SLACK_S = 1.0  # as `extend` reckons


@dataclass(frozen=True)
class Terms:
    """What more time costs, in all how long a life is free to be, and how long it can be when somebody approves."""

    prices: PriceSource
    cap_s: float
    longest_s: float


def more_time(environment: Environment, terms: Terms) -> tuple[Button, ...]:
    """A press for each way to have it longer, with what that costs and whether it takes somebody else's yes."""
    ways = (("+4 h", "4h", 4 * 3600.0), ("+24 h", "24h", _DAY_S))
    life_s = environment.expires_at - environment.created_at
    return tuple(
        Button(_on_terms(label, environment, terms, seconds), f"{typed('extend', environment)} {word}")
        for label, word, seconds in ways
        if life_s + seconds <= terms.longest_s + _SLACK_S
    )


def _on_terms(label: str, environment: Environment, terms: Terms, seconds: float) -> str:
    prices = terms.prices()
    price = ahead(environment, prices, seconds)
    is_over = environment.expires_at + seconds > environment.created_at + terms.cap_s + _SLACK_S
    said = ([prices.shown(price)] if price else []) + (["to be approved"] if is_over else [])
    return f"{label} ({', '.join(said)})" if said else label


def _keep_or_not(environment: Environment) -> tuple[Button, ...]:
    keep = () if environment.is_kept else (Button("keep", typed("keep", environment)),)
    return (*keep, Button("terminate", typed("terminate", environment)))


def _why_it_goes(environment: Environment) -> str:
    life = hours(environment.expires_at - environment.created_at)
    return f"its {life} will be over" + (", the longest that one may be kept" if environment.is_kept else "")


def warning(environment: Environment, terms: Terms, now: float) -> Reply:
    left = hours(max(60.0, environment.expires_at - now))
    head = (Strong(environment.slug), f" goes in {left}, ", moment(environment.expires_at), f": {_why_it_goes(environment)}.")
    buttons = (*more_time(environment, terms), *_keep_or_not(environment))
    return say(Tone.WARNING, *head, to=environment.owner, more=(_what_it_is(environment), *addresses(environment)), buttons=buttons)


def _what_it_is(environment: Environment) -> Line:
    return line("It is ", Code(environment.branch), f" of {environment.project}.")


def quiet(environment: Environment, now: float, grace_s: float) -> Reply:
    silent = hours(now - environment.active_at)
    then = "paused" if environment.running_generation else "taken down"
    head = (Strong(environment.slug), f" is quiet: no push and no visit for {silent}. It will be {then} ", moment(now + grace_s), ".")
    stay = line("A visit or a push is enough for it to stay.")
    return say(Tone.WARNING, *head, to=environment.owner, more=(stay, *addresses(environment)), buttons=_keep_or_not(environment))


_WHY_PAUSED = {"idle": "it was quiet", "schedule": "its schedule says so", "asked": "as asked"}


def paused(environment: Environment, to: Person, by: str = "") -> Reply:
    why = f"{by} asked" if by else _WHY_PAUSED.get(environment.pause_reason, "as asked")
    rest = line("Its code stays, its address answers again after: ", Code(typed("resume", environment)))
    more = [rest]
    if environment.pause_reason == "idle" and environment.idle_s is not None and environment.paused_at is not None:
        more.append(
            line("It goes ", moment(min(environment.paused_at + environment.idle_s, environment.expires_at)), " unless it is resumed.")
        )
    return say(Tone.NEUTRAL, Strong(environment.slug), f" is paused: {why}.", to=to, more=more)


def overtaken(environment: Environment, to: Person) -> Reply:
    """To whoever wanted a pause that was taken back before it was one."""
    return say(
        Tone.NEUTRAL, Strong(environment.slug), " goes on running: it was wanted again before it was paused.", to=to, code="cancelled"
    )

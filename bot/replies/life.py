"""What becomes of an environment, told to who waited for it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.cost import Prices, spent
from bot.domain.environment import Environment, Failure, State
from bot.domain.message import Person
from bot.domain.prose import Block, Code, Log, Reply, Span, Strong, Text, Tone, line
from bot.replies.common import addresses, brief, commit, moment, say, typed


def ready(environment: Environment, to: Person, seconds: float | None, besides: Sequence[Block] = ()) -> Reply:
    took = f" after {brief(seconds)}" if seconds is not None else ""
    spans = (Strong(environment.slug), Text(f" is ready{took}: "), Code(environment.branch), Text(" at "), commit(environment.running_sha))
    until = line("It goes ", moment(environment.expires_at), ". More time: ", Code("/ivy extend"))
    return say(Tone.GOOD, *spans, to=to, more=(*addresses(environment), until, *besides))


def restarted(environment: Environment, to: Person) -> Reply:
    return say(Tone.GOOD, Strong(environment.slug), " was restarted and is healthy.", to=to, more=addresses(environment))


def restart_failed(environment: Environment, failure: Failure, to: Person) -> Reply:
    more = (Log(failure.log),) if failure.log else ()
    if failure.code in {"engine_unavailable", "internal"}:
        what, again = "was not restarted", line("Try again: ", Code(typed("restart", environment)))
    else:
        what, again = "was restarted, but", line("Its log: ", Code(typed("logs", environment)))
    return say(Tone.BAD, Strong(environment.slug), f" {what}: {failure.reason}", to=to, code=failure.code, more=(*more, again))


def failed(environment: Environment, to: Person | None) -> Reply:
    failure = environment.failure
    reason, log = (failure.reason, failure.log) if failure else ("it failed", ())
    kept = environment.state is State.READY
    head: tuple[Span, ...] = (Strong(environment.slug), Text(" was not updated: " if kept else " did not become ready: "), Text(reason))
    more: list[Block] = [Log(log)] if log else []
    if failure and failure.code == "not_put_back":
        more.append(line("It may not answer until one of them runs. Push a fix, or: ", Code(typed("retry", environment))))
    elif kept:
        more.append(
            line("What ran before, ", commit(environment.running_sha), ", goes on. Push a fix, or: ", Code(typed("retry", environment)))
        )
    else:
        more.append(line("Push a fix, or: ", Code(typed("retry", environment)), " · all of the log: ", Code(typed("logs", environment))))
    return say(Tone.BAD, *head, to=to, code=failure.code if failure else "failed", more=more)


def fork_moved(environment: Environment, head: str) -> Reply:
    """Somebody pushed to the fork that it was made of."""
    words = (" stays at ", commit(environment.sha), ", which was looked at: the head of this request is ", commit(head), " by now. ")
    again = line("Somebody who may, after looking at that one: ", Code(f"{typed('update', environment)} --sha {head[:12]}"))
    return say(Tone.WARNING, Strong(environment.slug), *words, code="stale_head", more=(again,))


def branch_missing(environment: Environment, goes_at: float) -> Reply:
    """Nobody told us that its branch was deleted; it is not there."""
    words = (": its branch ", Code(environment.branch), " is not there any more. It is taken down ", moment(goes_at), ".")
    stays = line("Let it stay: ", Code(typed("keep", environment)), " · take it down now: ", Code(typed("terminate", environment)))
    return say(Tone.WARNING, Strong(environment.slug), *words, code="branch_deleted", more=(stays,))


def cancelled(environment: Environment, to: Person) -> Reply:
    rest = "What ran before goes on." if environment.state is State.READY else "Nothing of it runs."
    again = line("Go on after all: ", Code(typed("retry", environment)), " · take it down: ", Code(typed("terminate", environment)))
    return say(Tone.WARNING, Strong(environment.slug), f": stopped, as asked. {rest}", to=to, code="cancelled", more=(again,))


def gone(environment: Environment, to: Person | None, prices: Prices, now: float) -> Reply:
    """With what it cost, where that is known and anything at all."""
    again = line("Have it again: ", Code(typed("restore", environment)))
    cost = spent(environment, prices, now)
    more: list[Block] = [line(f"It cost {prices.shown(cost)}.")] if cost else []
    if environment.gone_code not in {"merged", "closed", "branch_deleted"}:
        more.append(again)
    return say(Tone.NEUTRAL, Strong(environment.slug), f" is gone: {environment.gone_reason}.", to=to, more=more)


def gone_before_done(environment: Environment, to: Person) -> Reply:
    return say(
        Tone.WARNING, Strong(environment.slug), f" was taken down before that was done: {environment.gone_reason}.", to=to, code="cancelled"
    )

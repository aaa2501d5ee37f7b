"""What is said of trading environments besides: never a key, only where it is shown and to whom it was."""

from __future__ import annotations

from bot.domain.environment import Environment
from bot.domain.prose import Block, Code, Line, Link, Reply, Strong, Tone, line
from bot.domain.trading_key import TradingKey
from bot.domain.trading_state import TradingState
from bot.replies.common import moment, say, typed


def key_place(page: str) -> tuple[Block, ...]:
    """Where it is to be looked for; `page` is the environment's own, an address."""
    return (line("Its API key is shown once, on ", Link("its page", page), " behind the sign-in."),)


def key_seen(key: TradingKey) -> Line:
    if key.revoked_at is not None:
        return line("API key: revoked ", moment(key.revoked_at))
    if key.shown_at is None:
        return line("API key: nobody has seen it; it is shown once, on its page in the dashboard")
    return line(f"API key: shown to {key.shown_to} ", moment(key.shown_at))


def key_revoked(environment: Environment) -> Reply:
    more = (line("It gets another when it runs again: ", Code(typed("resume", environment))),)
    return say(Tone.GOOD, "The API key of ", Strong(environment.slug), " opens nothing any more.", more=more)


def standing(environment: Environment, state: TradingState, now: float) -> tuple[Line, ...]:
    """How its book stands and what holds it, a line each; nothing where nobody told."""
    lines: list[Line] = []
    if state.told and state.told_at is not None:
        told = state.told
        amounts = f"positions USD {told.position_usd}, equity USD {told.equity_usd}, down by {told.drawdown_pct} %"
        lines.append(line(f"orders: {told.orders} filled, {told.refused} refused; {amounts}; told ", moment(state.told_at)))
    if state.told and state.is_halted and state.halted_at is not None:
        since = moment(state.halted_at)
        wanted = f"{state.resume_by} wants it resumed" if state.is_to_resume else "resume it: "
        rest = () if state.is_to_resume else (Code(typed("resume", environment)),)
        lines.append(line(Strong("halted"), " since ", since, f": {state.told.halted}; {wanted}", *rest))
    if state.held_until is not None and state.is_held(now):
        lines.append(line(f"held by {state.held_for} until ", moment(state.held_until)))
    return tuple(lines)


def halted(environment: Environment, why: str) -> Reply:
    more = (line("It takes no orders until somebody resumes it: ", Code(typed("resume", environment))),)
    return say(Tone.BAD, Strong(environment.slug), f" is halted: {why}.", to=environment.owner, more=more, code="trading_halted")


def to_resume(environment: Environment) -> Reply:
    return say(Tone.GOOD, Strong(environment.slug), " takes orders again within seconds, with its drawdown counted from what it has now.")

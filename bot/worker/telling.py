"""Telling an owner what nobody asked for: directly where there is a way, else where the environment was asked for."""

from __future__ import annotations

from bot.domain.environment import Environment
from bot.domain.message import Platform, Thread
from bot.domain.prose import Reply
from bot.store.transaction import Transaction


def direct(environment: Environment) -> Thread | None:
    """A direct message to its owner, where there is such a thing."""
    owner, thread = environment.owner, environment.thread
    if owner.platform is not Platform.SLACK or thread.platform is not Platform.SLACK:
        return None
    team = thread.address.split(":")[1]
    return Thread(Platform.SLACK, f"slack:{team}:@{owner.id}", asker=owner)


async def tell_owner(transaction: Transaction, environment: Environment, reply: Reply) -> None:
    """Directly, else in the thread where it was asked for."""
    to = direct(environment)
    if to is None:
        await transaction.post(environment.thread, reply)
    else:
        await transaction.post(to, reply, fallback=environment.thread)

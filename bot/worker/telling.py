"""Telling an owner what nobody asked for: directly where there is a way, else where the environment was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.command import Taken
from bot.domain.environment import Environment
from bot.domain.message import Platform, Thread
from bot.domain.prose import Reply
from bot.store.people import identity_of
from bot.store.transaction import Transaction


async def direct(transaction: Transaction, environment: Environment) -> Thread | None:
    """A direct message to its owner in Slack, by whichever of their joined accounts is there."""
    accounts = [environment.owner, *await transaction.people.accounts_of(environment.owner)]
    there = next((account for account in accounts if account.platform is Platform.SLACK), None)
    if there is None:
        return None
    thread = environment.thread
    team = thread.address.split(":")[1] if thread.platform is Platform.SLACK else ""
    return Thread(Platform.SLACK, f"slack:{team}:@{there.id}", asker=there)


async def tell_owner(transaction: Transaction, environment: Environment, reply: Reply, asked: Sequence[Taken] = ()) -> None:
    """Directly, else in the thread where it was asked for; not what its owner `asked` for, or can read in that thread already."""
    mine = await transaction.people.identities(environment.owner)
    if any(identity_of(taken.person) in mine for taken in asked):
        return
    to = await direct(transaction, environment)
    if to is None:
        if all(taken.thread.address != environment.thread.address for taken in asked):
            await transaction.post(environment.thread, reply)
    else:
        await transaction.post(to, reply, fallback=environment.thread)

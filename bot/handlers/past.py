"""`/ivy history` and `/ivy cost`: what there was, and the money."""

from __future__ import annotations

from bot.context import Outcome, Scene, Transaction
from bot.handlers.handler import the_environment
from bot.refusals import no_environment
from bot.replies import money
from grammar.commands import Cost, History

_MOST_PAST = 20


async def history(command: History, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    environment = await the_environment(scene, transaction)
    past = await transaction.environments.of_branch(environment.project, environment.ref, _MOST_PAST)
    return Outcome(money.history(past, scene.prices, transaction.now), environment_id=environment.id)


async def cost(command: Cost, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    if command.mine:
        me = (scene.person.platform, scene.person.id)
        mine = [each for each in await transaction.environments.live() if (each.owner.platform, each.owner.id) == me]
        return Outcome(money.of_several(mine, scene.prices, transaction.now))
    if scene.environment is None:
        raise no_environment()
    environment = await the_environment(scene, transaction)
    return Outcome(money.of_one(environment, scene.prices, transaction.now), environment_id=environment.id)

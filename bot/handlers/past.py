"""`/ivy history` and `/ivy cost`: what there was, and the money."""

from __future__ import annotations

from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.prose import Reply
from bot.domain.spending import DAYS, month_of, report
from bot.handlers.handler import the_environment
from bot.refusals import no_environment
from bot.refusals_people import unknown_team
from bot.replies import money, spending
from grammar.commands import Cost, History

_MOST_PAST = 20
ALL = "all"


async def history(command: History, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    environment = await the_environment(scene, transaction)
    past = await transaction.environments.of_branch(environment.project, environment.ref, _MOST_PAST)
    return Outcome(money.history(past, scene.prices, transaction.now), environment_id=environment.id)


async def gather_cost(command: Cost, scene: Scene, outside: Outside) -> frozenset[str]:
    """The projects whose costs this person may look at, where it is about more than one environment."""
    return await outside.visible(scene.person, command.words) if command.team else frozenset()


async def cost(command: Cost, scene: Scene, projects: frozenset[str], transaction: Transaction) -> Outcome:
    if command.team:
        return Outcome(await _of_team(command.team, scene, projects, transaction))
    if command.mine:
        mine = await transaction.environments.owned_by(await transaction.people.identities(scene.person))
        return Outcome(money.of_several(mine, scene.prices, transaction.now))
    if scene.environment is None:
        raise no_environment()
    environment = await the_environment(scene, transaction)
    return Outcome(money.of_one(environment, scene.prices, transaction.now), environment_id=environment.id)


async def _of_team(team: str, scene: Scene, projects: frozenset[str], transaction: Transaction) -> Reply:
    """A team is a group of the configuration, else a project, else `all`: whatever of it may be seen."""
    members = scene.teams.get(team)
    if members is None and team != ALL and team not in projects:
        raise unknown_team(team, [*sorted(scene.teams), *sorted(projects), ALL])
    shown = projects if members is not None or team == ALL else frozenset({team})
    since = month_of(transaction.now, scene.zone).last_began_at
    lives = await transaction.lives(shown, min(since, transaction.now - DAYS * 86_400))
    theirs = lives if members is None else [each for each in lives if each.accounts & members]
    return spending.of_team(team, report(theirs, scene.prices, transaction.now, scene.zone), scene.prices)

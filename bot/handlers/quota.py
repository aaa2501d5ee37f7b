"""How many environments there may be, and what may be spent: of a person with all their accounts, of a project, in all.

Asked in the transaction that creates.
"""

from __future__ import annotations

from bot import refusals_people as refusals
from bot.context import Scene, Transaction
from bot.domain.budget import Purse, exhausted
from bot.domain.environment import Environment
from bot.domain.project import Project
from bot.domain.spending import month_of


async def must_have_room_for(environment: Environment, per_person: int, transaction: Transaction) -> None:
    """Refuse when its owner has as many others as anybody may. Raises UserError `over_quota`."""
    await transaction.lock_quota()
    theirs = await transaction.environments.owned_by(await transaction.people.identities(environment.owner))
    others = sum(each.id != environment.id for each in theirs)
    if per_person and others >= per_person:
        raise refusals.has_enough(environment.owner, others)


async def must_have_room(scene: Scene, project: Project, transaction: Transaction) -> None:
    """Refuse when a quota is full or a budget spent; nobody else creates until this transaction ends.

    Raises UserError `over_quota`, `over_budget`.
    """
    await transaction.lock_quota()
    rows, limits = transaction.environments, scene.limits
    own = await rows.owned_by(await transaction.people.identities(scene.person))
    if limits.per_person and len(own) >= limits.per_person:
        raise refusals.over_quota("per_person", "You have", len(own), own)
    here = await rows.count_live(project.key)
    if limits.per_project and here >= limits.per_project:
        mine = [each for each in own if each.project == project.key]
        raise refusals.over_quota("per_project", f"{project.path or project.key} has", here, mine)
    everywhere = await rows.count_live()
    if everywhere >= limits.environments:
        raise refusals.over_quota("environments", "There is" if everywhere == 1 else "There are", everywhere, own)
    await _must_have_money(scene, project, transaction)


async def _must_have_money(scene: Scene, project: Project, transaction: Transaction) -> None:
    if scene.budgets.is_unlimited:
        return
    now, identities = transaction.now, await transaction.people.identities(scene.person)
    lives = await transaction.lives(frozenset(scene.projects), month_of(now, scene.zone).began_at)
    purse = Purse(scene.budgets, scene.prices, scene.zone)
    if spent := exhausted(purse, lives, project.key, identities, now):
        raise refusals.over_budget(spent, scene.prices)

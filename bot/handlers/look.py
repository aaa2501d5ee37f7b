"""The commands that look and change nothing: status, list, url, logs, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import refusals, replies
from bot.asking import identity
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.continuity import Certificate, Feed
from bot.domain.environment import Environment
from bot.domain.message import Platform
from bot.domain.project import Project
from bot.domain.prose import Line
from bot.handlers.handler import the_environment
from bot.replies import feed
from bot.replies.alarms import stands, with_alarms
from bot.replies.ties import tied
from bot.replies.trading import key_seen, standing
from grammar.commands import List, Logs, Status, Url, Why

_DAY_S = 86_400.0
_USUAL_TAIL = 50


@dataclass(frozen=True)
class Seen:
    """The projects of an overview: this one, or all that one may look at. Of one that trades, what it hears."""

    projects: frozenset[str] = frozenset()
    feed: Feed | None = None


async def gather_status(command: Status, scene: Scene, outside: Outside) -> Seen:
    del command
    it = scene.environment
    if it is not None:
        return Seen(feed=await outside.runtime.feed(it.id) if it.is_trading and it.is_live else None)
    return Seen(frozenset({scene.project.key}) if scene.project else await outside.visible(scene.person))


async def status(command: Status, scene: Scene, facts: Seen, transaction: Transaction) -> Outcome:
    if scene.environment is None:
        environments = await _live_in(facts.projects, transaction)
        return Outcome(with_alarms(replies.listing(environments, "here" if scene.project else "in all"), await transaction.alarms.open()))
    environment = await the_environment(scene, transaction)
    besides = [*_market_data(facts, environment), *(await _of_trading(environment, transaction) if environment.is_trading else ())]
    reply = replies.status(environment, besides)
    if _ties(command, scene) and await transaction.tie(scene.thread, environment):
        reply = tied(reply, environment)
    return Outcome(reply, environment_id=environment.id)


async def _of_trading(environment: Environment, transaction: Transaction) -> Sequence[Line]:
    key = await transaction.trading.key(environment.id)
    how = standing(environment, await transaction.trading.state(environment.id), transaction.now)
    return (*how, *((key_seen(key),) if key else ()), *map(stands, await transaction.alarms.open()))


def _market_data(facts: Seen, environment: Environment) -> list[Line]:
    heard = facts.feed.since(environment.created_at) if isinstance(facts.feed, Certificate) else facts.feed
    return feed.lines(heard) if heard else []


def _ties(command: Status, scene: Scene) -> bool:
    """A request that is named in a Slack thread has its environments shown there from then on. A slash command is a glance."""
    is_thread = scene.thread.platform is Platform.SLACK and bool(scene.said.message_id)
    return is_thread and command.env is not None and command.env.request is not None


async def _live_in(projects: frozenset[str], transaction: Transaction) -> Sequence[Environment]:
    only = next(iter(projects)) if len(projects) == 1 else None
    return [each for each in await transaction.environments.live(only) if each.project in projects]


def _listed_project(command: List, scene: Scene) -> Project | None:
    """The one whose environments are listed; None for all that one may look at."""
    return None if command.all or scene.said.project is None else scene.project


async def gather_list(command: List, scene: Scene, outside: Outside) -> frozenset[str]:
    project = _listed_project(command, scene)
    return frozenset({project.key}) if project else await outside.visible(scene.person)


async def listed(command: List, scene: Scene, facts: frozenset[str], transaction: Transaction) -> Outcome:
    project = _listed_project(command, scene)
    environments = await _live_in(facts, transaction)
    what = f"of {project.path or project.key}" if project else "in all"
    if command.mine:
        environments = [each for each in environments if identity(each.owner) in scene.standing.identities]
        what = f"of yours {what}" if project else "of yours"
    if command.expiring:
        environments = [each for each in environments if each.expires_at < transaction.now + _DAY_S]
        what += ", gone within 24 h"
    return Outcome(replies.listing(environments, what))


async def url(command: Url, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    environment = await the_environment(scene, transaction)
    return Outcome(replies.url(environment), environment_id=environment.id)


async def why(command: Why, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts
    environment = await the_environment(scene, transaction)
    return Outcome(replies.why(environment, await transaction.events_of(environment.id, 30)), environment_id=environment.id)


async def gather_logs(command: Logs, scene: Scene, outside: Outside) -> Sequence[tuple[str, str]]:
    environment = scene.environment
    if environment is None:
        raise refusals.no_environment()
    services = environment.log_names
    if command.service and services and command.service not in services:
        raise refusals.unknown_service(command.service, services)
    return await outside.runtime.logs(environment.id, command.service, command.tail or _USUAL_TAIL)


async def logs(command: Logs, scene: Scene, facts: Sequence[tuple[str, str]], transaction: Transaction) -> Outcome:
    del command
    environment = await the_environment(scene, transaction)
    lines = list(facts)
    if not lines and environment.failure:
        lines = [(environment.failure.stage, text) for text in environment.failure.log]
    return Outcome(replies.logs(environment, lines), environment_id=environment.id)

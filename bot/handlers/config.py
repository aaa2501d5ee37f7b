"""`/ivy config`: what an environment, or this merge request, is made of at its commit."""

from __future__ import annotations

from dataclasses import dataclass

from bot import refusals_config
from bot.context import Head, Outcome, Outside, Scene, Transaction
from bot.domain.environment import Environment
from bot.domain.service_config import DevEnv
from bot.handlers.effective import Asked, config_at, effective, settle
from bot.handlers.forks import fetched_ref, head_of, request_of
from bot.replies import config as replies
from grammar.commands import Config


@dataclass(frozen=True)
class Facts:
    head: Head
    config: DevEnv


async def gather(command: Config, scene: Scene, outside: Outside) -> Facts:
    del command
    head = await _head(scene, outside)
    return Facts(head, await config_at(head, outside))


async def _head(scene: Scene, outside: Outside) -> Head:
    """The environment's own commit; without one the head of this merge request."""
    project, environment = scene.project, scene.environment
    if project is not None and environment is not None and environment.is_live:
        fetched_as = fetched_ref(environment, project)
        return Head(project, environment.ref, environment.sha, environment.source_id, environment.request, fetched_as, environment.is_fork)
    if project is None or scene.said.request is None or scene.said.project != project.key:
        raise refusals_config.no_file_here()
    return head_of(await request_of(scene.said.request, project, outside), project, is_bound=False)


def _asked(environment: Environment | None) -> Asked:
    if environment is None or not environment.is_live:
        return Asked()
    return Asked(
        profile=environment.profile,
        services=environment.services,
        size=None if "size" in environment.left_to_file else environment.size,
        ttl_s=None if "ttl" in environment.left_to_file else environment.expires_at - environment.created_at,
        tilt_args=environment.tilt_args or None,
        seed=environment.seeds.loaded,
    )


def _made_by(environment: Environment | None) -> str:
    return environment.engine if environment is not None and environment.is_live else ""


async def decide(command: Config, scene: Scene, facts: Facts, transaction: Transaction) -> Outcome:
    del command
    settled = settle(facts.config, _asked(scene.environment), facts.head, scene, _made_by(scene.environment))
    found = await effective(facts.head, settled, transaction)
    return Outcome(replies.effective(found), environment_id=scene.environment_id)

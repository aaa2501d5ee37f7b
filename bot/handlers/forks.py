"""A fork's code, on the word of somebody who may, at the commit they looked at; and what is wanted only as long as it is the head."""

from __future__ import annotations

from bot import refusals
from bot.asking import authorize
from bot.context import Head, Outside, Scene
from bot.domain.environment import Environment
from bot.domain.project import ChangeRequest, Project, request_ref
from bot.refusals_fork import MOST_SHORT, from_a_fork, stale_head, too_short
from grammar.commands import Command


def must_be_allowed(command: Command, scene: Scene, request: ChangeRequest, line_without: str) -> None:
    """Refuse what the policy does not let this person do with a fork's code. Raises UserError `fork_refused`."""
    decision = authorize(scene, command.words, command, is_fork=True)
    if not decision.is_allowed or getattr(command, "sha", None) is None:
        raise from_a_fork(decision, line_without, request.sha)


def must_be_head(sha: str, head: str, line_without: str) -> None:
    """Raises UserError when `sha`, as it was said, is not enough of a commit's name, or another's than the head's."""
    if len(sha) < MOST_SHORT:
        raise too_short(sha, head, line_without)
    if not head.startswith(sha.lower()):
        raise stale_head(sha, head, line_without)


async def request_of(number: int, project: Project, outside: Outside) -> ChangeRequest:
    """The request as it is now. Raises UserError."""
    request = await outside.change_request(project, number)
    if request is None:
        raise refusals.no_request(number, project)
    return request


def fetched_ref(environment: Environment, project: Project) -> str:
    """Under which name the project has an environment's branch."""
    return request_ref(project.forge, environment.request) if environment.is_fork and environment.request else environment.ref


def head_of(request: ChangeRequest, project: Project, *, is_bound: bool) -> Head:
    """A request's head. A fork's commits are fetched from the project itself, which has them under the request's own name."""
    fetched_as = request_ref(project.forge, request.number) if request.is_fork else ""
    return Head(project, request.ref, request.sha, request.source_id, request.number, fetched_as, request.is_fork, is_bound)

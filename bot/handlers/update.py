"""`/ivy update`: bring it to the branch's head, pin it to a commit, or change what it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from bot import refusals
from bot.context import Head, Outcome, Outside, Scene, Transaction
from bot.domain.command import CommandState
from bot.domain.cost import resized
from bot.domain.deadlines import without_what_was_put_aside
from bot.domain.environment import Environment, Size, State
from bot.handlers.create import must_read_tilt_args
from bot.handlers.datasets import goal_of, must_be_offered
from bot.handlers.effective import config_at
from bot.handlers.forks import fetched_ref, must_be_allowed, must_be_head, request_of
from bot.handlers.handler import event, must_be_wanted, the_environment
from bot.handlers.sizes import must_be_a_size
from bot.refusals_time import is_paused
from bot.replies import already_up_to_date, answers_time, typed
from grammar.commands import Update


@dataclass(frozen=True)
class Facts:
    sha: str
    is_pinned: bool
    is_bound: bool = False


async def gather(command: Update, scene: Scene, outside: Outside) -> Facts:
    project, environment = scene.project, scene.environment
    if project is None or environment is None:
        raise refusals.no_environment()
    must_be_a_size(command.size, project, typed("update", environment))
    if _is_only_of_data(command):
        facts = Facts(environment.sha, environment.is_pinned, environment.is_bound)
    elif environment.is_fork:
        facts = await _of_a_fork(command, scene, environment, outside)
    elif command.sha is None and environment.is_pinned and (command.size or command.tilt_args is not None):
        facts = Facts(environment.sha, is_pinned=True, is_bound=environment.is_bound)
    elif command.sha is None:
        sha = await outside.runtime.head(project, environment.ref)
        if sha is None:
            raise refusals.branch_gone(environment)
        facts = Facts(sha, is_pinned=False)
    else:
        facts = Facts(await _commit(command.sha.lower(), scene, outside), is_pinned=True)
    if command.tilt_args or command.seed:
        head = Head(
            project, environment.ref, facts.sha, environment.source_id, None, fetched_ref(environment, project), environment.is_fork
        )
        if command.tilt_args:
            await must_read_tilt_args(scene, head, outside)
        if command.seed:
            config = await config_at(head, outside)
            must_be_offered(command.seed, config, head, lambda name: f"{typed('update', environment)} --seed {name}")
    return facts


def _is_only_of_data(command: Update) -> bool:
    """Then what runs stays as it is, at the commit that it has."""
    return command.seed is not None and command.sha is None and command.tilt_args is None and command.size is None


async def _of_a_fork(command: Update, scene: Scene, environment: Environment, outside: Outside) -> Facts:
    """Whatever is changed, it takes the word of somebody who may for the head as it is now."""
    if scene.project is None or environment.request is None:
        raise refusals.no_environment()
    request = await request_of(environment.request, scene.project, outside)
    line_without = typed("update", environment)
    must_be_allowed(command, scene, request, line_without)
    if not request.is_open or request.source_id != environment.source_id:
        raise refusals.request_closed(scene.project, request)
    must_be_head(command.sha or "", request.sha, line_without)
    return Facts(request.sha, is_pinned=True, is_bound=True)


async def _commit(sha: str, scene: Scene, outside: Outside) -> str:
    """A full SHA as it is; a short one if it is the head of one branch."""
    if re.fullmatch(r"[0-9a-f]{40}", sha):
        return sha
    heads = await outside.runtime.heads(scene.project) if scene.project else {}
    known = {head for head in heads.values() if head.startswith(sha)}
    environment = scene.environment
    known |= {each for each in ((environment.sha, environment.running_sha) if environment else ()) if each.startswith(sha)}
    if len(known) == 1:
        return known.pop()
    raise refusals.unknown_sha(sha)


async def decide(command: Update, scene: Scene, facts: Facts, transaction: Transaction) -> Outcome:
    before = await the_environment(scene, transaction)
    must_be_wanted(before, scene, transaction)
    if before.is_paused:
        raise is_paused(before)
    wanted = msgspec.structs.replace(
        resized(without_what_was_put_aside(before), Size(command.size.value) if command.size else before.size, transaction.now),
        sha=facts.sha,
        is_pinned=facts.is_pinned,
        is_bound=facts.is_bound,
        tilt_args=before.tilt_args if command.tilt_args is None else tuple(command.tilt_args),
        left_to_file=tuple(each for each in before.left_to_file if not (each == "size" and command.size)),
    )
    if command.seed:
        wanted = msgspec.structs.replace(wanted, seeds=before.seeds.asking(command.seed))
    elif _is_same(before, wanted) and before.is_settled and before.state is State.READY and before.failure is None:
        if wanted.is_pinned != before.is_pinned:
            await transaction.edit(wanted)
        return Outcome(already_up_to_date(wanted), environment_id=before.id)
    goes_on = _is_same(before, wanted) and (not before.is_settled or (command.seed and before.state is State.READY))
    generation = before.generation if goes_on else before.generation + 1
    after = await transaction.edit(msgspec.structs.replace(wanted, generation=generation))
    await transaction.open_card(scene.thread, after)
    if generation != before.generation or not command.seed:
        await transaction.note(event(scene, transaction, "updated", after, sha=after.sha))
    if command.seed:
        await transaction.note(event(scene, transaction, "seed_asked", after, dataset=command.seed))
    is_stopped_for_it = after.size is not before.size and after.is_machine and before.state is State.READY
    reply = answers_time.resizing(before, after, scene.prices) if is_stopped_for_it else None
    return Outcome(reply, CommandState.RUNNING, environment_id=after.id, goal=goal_of(after))


def _is_same(before: Environment, wanted: Environment) -> bool:
    return (before.sha, before.tilt_args, before.size) == (wanted.sha, wanted.tilt_args, wanted.size)

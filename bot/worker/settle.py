"""The end of a piece of work: what it came to is written, and everybody who waited for it is told, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from bot import replies
from bot.domain.approval import ApprovalState
from bot.domain.command import CommandState, Event, Taken
from bot.domain.cost import Prices
from bot.domain.environment import RESTARTING, Address, Environment, Failure, State
from bot.domain.message import Person
from bot.domain.prose import Block, Reaction, Reply
from bot.replies import time
from bot.replies.trading import key_place
from bot.store.transaction import Transaction
from bot.worker.telling import tell_owner

_SIGNS = {CommandState.DONE: Reaction.DONE, CommandState.FAILED: Reaction.FAILED, CommandState.CANCELLED: Reaction.FAILED}


def _number(taken: Taken, kind: str) -> int | None:
    name, _, number = taken.goal.partition(":")
    return int(number) if name == kind and number else None


def reached(waiting: Iterable[Taken], kind: str, count: int) -> list[Taken]:
    return [taken for taken in waiting if (number := _number(taken, kind)) is not None and number <= count]


def _event(environment: Environment, now: float, kind: str, **data: str | float | bool | None) -> Event:
    return Event(at=now, kind=kind, environment_id=environment.id, project=environment.project, data=data)


async def tell(
    transaction: Transaction,
    ended: Iterable[Taken],
    state: CommandState,
    code: str,
    words: Callable[[Person], Reply],
    *,
    keep_quiet: bool = False,
) -> bool:
    """End the commands, sign their messages and say `words` once to each person in each thread. Whether anybody was told."""
    told: set[tuple[str, str]] = set()
    for taken in ended:
        await transaction.taken.end(taken, state, code)
        await transaction.react(taken.thread, taken.asked_by_message, _SIGNS[state])
        if keep_quiet or (taken.thread.address, taken.person.id) in told:
            continue
        told.add((taken.thread.address, taken.person.id))
        await transaction.post(taken.thread, words(taken.person))
    return bool(told)


@dataclass(frozen=True)
class Running:
    """What an engine says of what runs, and on which host."""

    sha: str
    addresses: tuple[Address, ...]
    upstream: str
    host_id: str


async def ready(
    transaction: Transaction,
    environment: Environment,
    generation: int,
    running: Running,
    began_at: float | None,
    page: str = "",
) -> None:
    """`generation` runs. The row may want a newer one by now: then it goes on being worked on. `page` is its own, in the dashboard."""
    moved = environment.move(State.READY)
    after = msgspec.structs.replace(
        moved,
        settled_generation=max(environment.settled_generation, generation),
        running_generation=generation,
        running_sha=running.sha,
        paused_at=None,
        paused_s=environment.paused_s + (transaction.now - environment.paused_at if environment.paused_at is not None else 0),
        restarted_count=environment.restarted_count if environment.running_generation else environment.restart_count,
        addresses=running.addresses,
        upstream=running.upstream,
        host_id=running.host_id,
        failure=environment.failure if environment.failure and environment.failure.put_aside not in {"", running.sha} else None,
        stage="",
        troubles=0,
        retry_at=None,
    )
    await transaction.save(after)
    seconds = transaction.now - began_at if began_at is not None else None
    await transaction.note(_event(after, transaction.now, "ready", sha=running.sha, generation=generation, seconds=seconds))
    if generation == 1 and not environment.running_generation:
        await transaction.count_spare(after)
    if not (after.is_wanted and after.is_settled):  # whoever waits is told of what is wanted now
        return
    waiting = await transaction.taken.running(after.id)
    overtaken = [taken for taken in waiting if taken.goal == "paused"]
    await tell(transaction, overtaken, CommandState.CANCELLED, "cancelled", lambda person: time.overtaken(after, person))
    ended = reached(waiting, "generation", generation)
    more = await key_lines(transaction, after, page)
    await tell(transaction, ended, CommandState.DONE, "", lambda person: replies.ready(after, person, seconds, more))


async def key_lines(transaction: Transaction, environment: Environment, page: str) -> Sequence[Block]:
    """Where the key of a trading environment is shown, while it is to be shown."""
    key = await transaction.trading.key(environment.id) if environment.is_trading else None
    return key_place(page) if key and key.is_to_be_shown else ()


async def failed(transaction: Transaction, environment: Environment, generation: int, failure: Failure) -> None:
    """`generation` did not come to run; what ran before goes on."""
    moved = environment.move(State.READY if environment.running_generation else State.FAILED)
    after = msgspec.structs.replace(
        moved, settled_generation=max(environment.settled_generation, generation), failure=failure, stage="", troubles=0, retry_at=None
    )
    await transaction.save(after)
    await transaction.note(_event(after, transaction.now, "failed", code=failure.code, reason=failure.reason, generation=generation))
    waiting = await transaction.taken.running(after.id)
    ended = [*reached(waiting, "generation", generation), *reached(waiting, "seed", after.seeds.asked)]
    if not await tell(transaction, ended, CommandState.FAILED, failure.code, lambda person: replies.failed(after, person)):
        await transaction.post(after.thread, replies.failed(after, after.owner))


async def cancelled(transaction: Transaction, environment: Environment) -> None:
    """What was being made is stopped; what ran before goes on."""
    before = environment
    moved = before.move(State.READY if before.running_generation else State.FAILED)
    failure = Failure("cancelled", "it was stopped, as asked", before.stage)
    after = msgspec.structs.replace(moved, settled_generation=before.generation, failure=failure, stage="", troubles=0, retry_at=None)
    await transaction.save(after)
    await transaction.note(_event(after, transaction.now, "cancelled", generation=before.generation))
    waiting = await transaction.taken.running(after.id)
    ended = [*reached(waiting, "generation", before.generation), *reached(waiting, "seed", after.seeds.asked)]
    await tell(transaction, ended, CommandState.CANCELLED, "cancelled", lambda person: replies.cancelled(after, person))


async def restarted(transaction: Transaction, environment: Environment, count: int, failure: Failure | None) -> None:
    before = environment.failure if environment.failure and environment.failure.stage != RESTARTING else None
    now = msgspec.structs.replace(failure, stage=RESTARTING) if failure else before
    after = msgspec.structs.replace(environment, restarted_count=count, failure=now, stage="", troubles=0, retry_at=None)
    await transaction.save(after)
    await transaction.note(_event(after, transaction.now, "failed" if failure else "restarted", reason=failure.reason if failure else None))
    ended = reached(await transaction.taken.running(after.id), "restart", count)
    if failure:
        await tell(transaction, ended, CommandState.FAILED, failure.code, lambda person: replies.restart_failed(after, failure, person))
    else:
        await tell(transaction, ended, CommandState.DONE, "", lambda person: replies.restarted(after, person))


async def paused(transaction: Transaction, environment: Environment) -> None:
    """Nothing of it runs, its code stays. Whoever asked for that is told, and its owner; unless it is wanted otherwise by now."""
    moved = environment.move(State.PAUSED)
    after = msgspec.structs.replace(
        moved,
        running_generation=0,
        paused_at=transaction.now,
        restarted_count=environment.restart_count,
        stage="",
        troubles=0,
        retry_at=None,
    )
    await transaction.save(after)
    await transaction.note(_event(after, transaction.now, "paused", reason=after.pause_reason))
    if not (after.is_wanted and after.is_paused):  # whoever waits is told of what is wanted now
        return
    waiting = [taken for taken in await transaction.taken.running(after.id) if not taken.goal.startswith("approval:")]  # that waits on
    asked = [taken for taken in waiting if taken.goal == "paused"]
    rest = [taken for taken in waiting if taken.goal != "paused"]
    await tell(transaction, asked, CommandState.DONE, "", lambda person: time.paused(after, person))
    await tell(transaction, rest, CommandState.CANCELLED, "cancelled", lambda person: time.paused(after, person))
    if after.pause_reason != "schedule":
        await tell_owner(transaction, after, time.paused(after, after.owner, asked[0].person.name if asked else ""), asked)


async def gone(transaction: Transaction, environment: Environment, prices: Prices) -> None:
    """Nothing of it is left. Whoever asked for that is told, and its owner."""
    moved = environment.move(State.GONE)
    after = msgspec.structs.replace(moved, addresses=(), gone_at=transaction.now, stage="", troubles=0, retry_at=None)
    await transaction.save(after)
    await transaction.note(_event(after, transaction.now, "gone", reason=after.gone_reason))
    for request in await transaction.approvals.open_of(after.id):
        await transaction.approvals.save(msgspec.structs.replace(request, state=ApprovalState.VOID, decided_at=transaction.now))
        await transaction.reach(after.id, request.goal, CommandState.CANCELLED, "void")
    waiting = await transaction.taken.running(after.id)
    asked = [taken for taken in waiting if taken.goal == "gone"]
    rest = [taken for taken in waiting if taken.goal != "gone"]
    await tell(transaction, asked, CommandState.DONE, "", lambda person: replies.gone(after, person, prices, transaction.now))
    await tell(transaction, rest, CommandState.CANCELLED, "cancelled", lambda person: replies.gone_before_done(after, person))
    await tell_owner(transaction, after, replies.gone(after, after.owner, prices, transaction.now), asked)

"""A unit of work: everything that one decision writes, committed together; the bells it rings are rung after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import msgspec
from sqlalchemy import ColumnElement, case, func, insert, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import meters
from bot.domain import deploying
from bot.domain.command import CommandState, Event
from bot.domain.deployment import Deployment, Rollout
from bot.domain.environment import Environment, Size
from bot.domain.home import HOME, home_of
from bot.domain.ids import new_id
from bot.domain.lifecycle import due
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Reaction, Reply
from bot.domain.spending import Life
from bot.store import recording, spending, ties
from bot.store.alarms import AlarmRows
from bot.store.approvals import Approvals
from bot.store.artifacts import Artifacts
from bot.store.bakes import BakeRows
from bot.store.environments import Environments
from bot.store.holds import Holds
from bot.store.known import known
from bot.store.locks import Locks
from bot.store.people import PeopleRows
from bot.store.people_tables import quota_locks
from bot.store.quiet import QuietRows
from bot.store.rollouts import Rollouts
from bot.store.rows import struct_of
from bot.store.saying import opened_on
from bot.store.slots import Slots
from bot.store.spares import SpareRows
from bot.store.strays import StrayRows
from bot.store.tables import cards, events, outbox
from bot.store.taken import TakenRows
from bot.store.trading import TradingRows
from bot.store.vetoes import Vetoes
from bot.store.waiting import Waiting
from bot.store.web_tables import web_people

Ring = tuple[str, str]
"""What to look at after the commit: ("hear", message id), ("create" or "destroy", environment id), ("deploy", deployment id),
("say", thread address)."""

_BEGINNINGS = 7205118
"""The number of PostgreSQL's advisory lock under which it is decided who may begin."""


class Transaction:
    """`now` is the time the whole transaction goes by."""

    def __init__(self, connection: AsyncConnection, now: float) -> None:
        self.connection = connection
        self.now = now
        self.rings: dict[Ring, None] = {}
        self.counts: list[Callable[[], None]] = []
        self.taken = TakenRows(connection, now, self.counts)
        self.environments = Environments(connection)
        self.people = PeopleRows(connection, now)
        self.approvals = Approvals(connection)
        self.artifacts = Artifacts(connection)
        self.locks = Locks(connection, now)
        self.vetoes = Vetoes(connection, now)
        self.holds = Holds(connection, now)
        self.waiting = Waiting(connection, now)
        self.rollouts = Rollouts(connection)
        self.slots = Slots(connection)
        self.quiet = QuietRows(connection, now)
        self.spares = SpareRows(connection, now)
        self.strays = StrayRows(connection, now)
        self.trading = TradingRows(connection, now)
        self.alarms = AlarmRows(connection, now)
        self.bakes = BakeRows(connection)

    def ring(self, kind: str, id: str) -> None:
        self.rings[kind, id] = None

    async def lock_quota(self) -> None:
        """Until the end of this transaction nobody else creates an environment. SQLite lets one write at a time anyway."""
        if self.connection.dialect.name != "sqlite":
            await self.connection.execute(select(quota_locks).where(quota_locks.c.name == "environments").with_for_update())

    async def lock_beginnings(self) -> None:
        """Until the end of this transaction nobody else decides who may begin, nor changes what that depends on: no call is missed."""
        if self.connection.dialect.name != "sqlite":
            await self.connection.execute(select(func.pg_advisory_xact_lock(_BEGINNINGS)))

    def undoing(self) -> AbstractAsyncContextManager[object]:
        """A part that is taken back when it raises, while the rest of the transaction stays."""
        return self._undoing()

    @asynccontextmanager
    async def _undoing(self) -> AsyncIterator[None]:
        rings, counts = dict(self.rings), list(self.counts)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            self.rings, self.counts = rings, counts
            raise

    # -- what is said ----------------------------------------------------------------------------

    async def post(self, thread: Thread, reply: Reply, fallback: Thread | None = None) -> None:
        """A short message, sent once and in order; in `fallback` when it cannot be sent where it belongs."""
        await self._put(thread, "post", msgspec.json.encode(reply).decode(), fallback)

    async def react(self, thread: Thread, message_id: str, reaction: Reaction) -> None:
        """A sign on the asking message; nothing where there is no message to sign."""
        if message_id:
            await self._put(thread, "reaction", msgspec.json.encode([message_id, reaction]).decode())

    async def _put(self, thread: Thread, kind: str, body: str, fallback: Thread | None = None) -> None:
        row = {"thread_address": thread.address, "thread": msgspec.to_builtins(thread), "kind": kind, "body": body, "state": "waiting"}
        instead = msgspec.to_builtins(fallback) if fallback else null()
        await self.connection.execute(insert(outbox).values(**row, tries=0, created_at=self.now, due_at=self.now, fallback=instead))
        self.ring("say", thread.address)

    async def open_card(self, thread: Thread, subject: Environment | Rollout) -> None:
        """Have the card of an environment or a rollout live in `thread` too, from now on."""
        await self._open(await self._as_opened(thread), subject.id)

    async def open_home(self, thread: Thread, person: Person) -> None:
        """Have somebody's own page drawn, and drawn anew whenever an environment of theirs changes."""
        await self._open(thread, home_of(person))

    async def _open(self, thread: Thread, subject: str) -> None:
        on_conflict = sqlite.insert if self.connection.dialect.name == "sqlite" else postgresql.insert
        row = {"id": new_id(), "thread_address": thread.address, "thread": msgspec.to_builtins(thread), "subject": subject}
        statement = on_conflict(cards).values(**row, wanted=1, sent=0, tries=0, is_dead=False, not_before=0.0, due_at=self.now)
        changed = {"wanted": cards.c.wanted + 1, "is_dead": False, "tries": 0, "due_at": self._card_due()}
        again = changed if subject.startswith(HOME) else {name: changed[name] for name in ("wanted", "due_at")}
        await self.connection.execute(statement.on_conflict_do_update(index_elements=["thread_address", "subject"], set_=again))
        self.ring("say", thread.address)

    async def _as_opened(self, thread: Thread) -> Thread:
        opened = (await self.connection.execute(opened_on(thread.address).limit(1))).scalar_one_or_none()
        return msgspec.structs.replace(thread, address=opened or thread.address)

    async def tie(self, thread: Thread, environment: Environment) -> bool:
        """Have the cards of its request's environments, this one's and those to come, live in `thread` too; False when they do already."""
        if environment.request is None:
            return False
        await self.open_card(thread, environment)
        return await ties.tie(self.connection, await self._as_opened(thread), environment.project, environment.request)

    def _card_due(self) -> ColumnElement[float]:
        """Now, but not before the pace of its thread allows; a time that is set already stays."""
        soonest = case((cards.c.not_before > self.now, cards.c.not_before), else_=self.now)
        return func.coalesce(cards.c.due_at, soonest)

    async def _touch_cards(self, environment: Environment) -> None:
        """Its own cards, and the page of who owns it, under whichever account."""
        await self._touch((environment.id, *(home_of(each) for each in await self.people.accounts_of(environment.owner))))

    async def _touch(self, subjects: Sequence[str]) -> None:
        changed = {"wanted": cards.c.wanted + 1, "due_at": self._card_due()}
        statement = update(cards).where(cards.c.subject.in_(subjects), cards.c.is_dead.is_(False)).values(changed)
        for address in (await self.connection.execute(statement.returning(cards.c.thread_address))).scalars():
            self.ring("say", address)

    # -- what is done ----------------------------------------------------------------------------

    async def add(self, environment: Environment) -> bool:
        """A new environment; False when a live one has its identity or slug."""
        ready = msgspec.structs.replace(environment, due_at=due(environment, self.now))
        if not await self.environments.add(ready):
            return False
        if ready.source_id:  # on a forge, which is told of it
            await recording.begin(self.connection, ready.id, self.now)
            self.ring("record", ready.id)
        await self._touch_cards(ready)
        if ready.request is not None:
            for thread in await ties.tied(self.connection, ready.project, ready.request):
                await self.open_card(thread, ready)
        self._ring_environment(ready)
        return True

    async def claim_spare(self, project: str, engine: str, size: Size) -> str | None:
        """The id of a warm spare, which is the new environment's from now on; None when there is none."""
        claimed = await self.spares.claim(project, engine, size)
        self.counts.append(partial(meters.spare_claimed, size.value, is_dry=claimed is None))
        return claimed

    async def count_spare(self, environment: Environment) -> None:
        """It runs for the first time: when it was a spare, how long that took since its claim."""
        spare = await self.spares.get(environment.id)
        if spare and spare.claimed_at is not None:
            seconds = max(0.0, self.now - spare.claimed_at)
            self.counts.append(partial(meters.spare_ready_seconds.labels(spare.size.value).observe, seconds))

    async def edit(self, environment: Environment) -> Environment:
        """Write a changed spec: whoever works on the row sees that it was edited, its cards are drawn anew."""
        edited = msgspec.structs.replace(environment, edits=environment.edits + 1, retry_at=None)
        return await self.save(edited)

    async def save(self, environment: Environment) -> Environment:
        """Write the row, reckon when it is due, and have its cards drawn anew."""
        saved = msgspec.structs.replace(environment, due_at=due(environment, self.now))
        await self.environments.save(saved)
        await self._touch_cards(saved)
        if saved.source_id and await recording.touch(self.connection, saved.id, self.now):
            self.ring("record", saved.id)
        self._ring_environment(saved)
        return saved

    def _ring_environment(self, environment: Environment) -> None:
        if environment.due_at is not None and environment.due_at <= self.now:
            self.ring("create" if environment.is_wanted else "destroy", environment.id)

    async def begin_rollout(self, rollout: Rollout, parts: Sequence[Deployment]) -> tuple[Rollout, Sequence[Deployment]]:
        """A new rollout, with the numbers that it and its deployments are given."""
        ready = [msgspec.structs.replace(each, due_at=deploying.due(each, self.now)) for each in parts]
        rollout, numbered = await self.rollouts.add(rollout, ready)
        for each in numbered:
            self.ring("deploy", each.id)
        return rollout, numbered

    async def save_rollout(self, rollout: Rollout) -> None:
        await self.rollouts.save(rollout)
        await self._touch((rollout.id,))

    async def save_deployment(self, deployment: Deployment) -> Deployment:
        """Write the row, reckon when it is due, and have the cards of its rollout drawn anew."""
        saved = msgspec.structs.replace(deployment, due_at=deploying.due(deployment, self.now))
        await self.rollouts.save_part(saved)
        await self._touch((saved.rollout_id,))
        if saved.due_at is not None and saved.due_at <= self.now:
            self.ring("deploy", saved.id)
        return saved

    async def note(self, event: Event) -> None:
        """What happened to a deploy is of its service's project, whoever did it and wherever; to all of a rollout, of each project in it.

        The rollout's own story tells it once, as the first project's.
        """
        told = [event]
        if event.environment_id is not None and not event.project:
            service = event.data.get("service")
            first, *others = await self.rollouts.projects_of(event.environment_id, str(service) if service else None) or [""]
            told = [msgspec.structs.replace(event, project=first)]
            told += [msgspec.structs.replace(event, project=each, environment_id=None) for each in others]
        await self.connection.execute(insert(events).values([msgspec.to_builtins(each) for each in told]))

    async def web_role(self, id: str) -> str | None:
        """What the last sign-in with a provider made of somebody."""
        return (await self.connection.execute(select(web_people.c.role).where(web_people.c.id == id))).scalar_one_or_none()

    async def known(self, platform: Platform, name: str) -> Person | None:
        return await known(self.connection, platform, name)

    async def call(self, ids: Iterable[str]) -> None:
        """Have those of these deployments that wait looked at now."""
        for id_ in await self.waiting.call(ids):
            self.ring("deploy", id_)

    # -- commands --------------------------------------------------------------------------------

    async def reach(self, environment_id: str, goal: str, state: CommandState, code: str = "") -> None:
        """End the commands that wait for `goal`, and sign their messages."""
        for taken in await self.taken.running(environment_id):
            if taken.goal == goal:
                await self.taken.end(taken, state, code)
                await self.react(taken.thread, taken.asked_by_message, Reaction.DONE if state is CommandState.DONE else Reaction.FAILED)

    # -- the past --------------------------------------------------------------------------------

    async def events_of(self, environment_id: str, limit: int = 50) -> Sequence[Event]:
        """The newest events, oldest first."""
        query = select(events).where(events.c.environment_id == environment_id).order_by(events.c.id.desc()).limit(limit)
        rows = (await self.connection.execute(query)).mappings().all()
        return [struct_of(row, Event) for row in reversed(rows)]

    async def lives(self, projects: frozenset[str], since: float) -> Sequence[Life]:
        """The environments of these projects that cost something after `since`."""
        return await spending.lives(self.connection, projects, since)

    async def past_seconds(self, project: str, stage: str, limit: int = 40) -> Sequence[float]:
        """How long the last runs of a stage took in a project."""
        kind = f"stage_ended:{stage}"
        query = select(events.c.data).where(events.c.project == project, events.c.kind == kind).order_by(events.c.id.desc()).limit(limit)
        return [float(data["seconds"]) for data in (await self.connection.execute(query)).scalars()]

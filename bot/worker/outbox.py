"""Saying: cards and posts of one thread go out in order, once, however often we die in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import structlog

from bot import meters, tracing
from bot.cards import STAGES, environment_card, past_of
from bot.cards_deploy import rollout_card
from bot.chats.chat import Chat, ChatRefused, ChatUnavailable, Homes, Posted
from bot.domain.cost import PriceSource, free
from bot.domain.errors import LeaseLost
from bot.domain.home import HOME, Home
from bot.domain.lifecycle import backoff_s
from bot.domain.message import Person, Platform, Thread
from bot.domain.prose import Card, Reaction, Reply
from bot.store import pauses, saying
from bot.store.leases import Lease
from bot.store.saying import WaitingCard, WaitingPost
from bot.store.traced import key_of_thread
from bot.store.transaction import Transaction
from bot.worker.leasing import Holder
from processes.killpoint import killpoint

log = structlog.get_logger()

MOST_TRIES = 20
_OWN_PACE_S = 0.1
_OWN = frozenset({Platform.CONSOLE, Platform.WEB})  # drawn into rows of ours: nobody counts these


class Outbox:
    """`say` is called with a thread's address by the desk. `pace_s` is the least time between two drawings of one card."""

    def __init__(self, holder: Holder, chats: Mapping[Platform, Chat], pace_s: float, prices: PriceSource = free) -> None:
        self._holder = holder
        self._store = holder.store
        self._chats = chats
        self._pace_s = pace_s
        self._prices = prices
        self.later: Callable[[str, float], None] = _only_the_sweep

    async def say(self, address: str) -> None:
        while True:
            async with self._holder.holding(f"thread:{address}") as lease:
                if lease is None:
                    return
                while await self._say_one(address, lease):
                    pass
            wait_s = await self._wait_s(address)
            if wait_s is None:
                return
            if wait_s > 0:
                self.later(address, wait_s)
                return

    async def _wait_s(self, address: str) -> float | None:
        """How long until something more is due here; None when nothing waits."""
        async with self._store.look() as look:
            waiting = [await saying.next_post(look.connection, address), await saying.next_card(look.connection, address)]
            times = [each.due_at - look.now for each in waiting if each]
            return min(times) if times else None

    async def _say_one(self, address: str, lease: Lease) -> bool:
        """Send what is due first: a sign, then the card, then the post. False when nothing is due."""
        async with self._store.look() as look:
            post = await saying.next_post(look.connection, address)
            card = await saying.next_card(look.connection, address)
            root = await saying.root_of(look.connection, address)
            now = look.now
        post = post if post and post.due_at <= now else None
        card = card if card and card.due_at <= now else None
        first = card if card and not (post and post.kind == "reaction") else post
        if first and (quiet_until := await self._quiet_until(first, now)) > now:
            async with self._store.transaction(lease) as transaction:
                await saying.put_off(transaction.connection, first, quiet_until)
        elif card and first is card:
            with tracing.part("say card", await self._trace_of(address), card=card.id):
                await self._send_card(card, _with_root(card.thread, root), lease)
        elif post:
            with tracing.part(f"say {post.kind}", await self._trace_of(address), post=post.id):
                await self._send_post(post, _with_root(post.thread, root), lease)
        return bool(post or card)

    async def _trace_of(self, address: str) -> str:
        if not tracing.is_on():
            return address
        async with self._store.look() as look:
            return await key_of_thread(look.connection, address)

    async def _quiet_until(self, first: WaitingPost | WaitingCard, now: float) -> float:
        """Until when nothing may be sent there: as long as the platform asked of any of us, and until a channel's turn comes.

        A channel of Slack takes a message a second. Otherwise the turn is taken here.
        """
        channel = _channel(first) if self._pace_s else None
        async with self._store.look() as look:
            quiet_until = await pauses.until(look.connection, first.thread.platform.value)
        if quiet_until > now or channel is None:
            return quiet_until
        async with self._store.transaction() as transaction:
            if await pauses.take_turn(transaction.connection, channel, transaction.now, self._pace_s):
                return now
            return await pauses.until(transaction.connection, channel)

    # -- posts and signs -------------------------------------------------------------------------

    async def _send_post(self, post: WaitingPost, thread: Thread, lease: Lease) -> None:
        chat = self._chats.get(thread.platform)
        async with self._store.transaction(lease) as transaction:
            if chat is None or post.tries >= MOST_TRIES:
                log.error("post_dead", post=post.id, tries=post.tries)
                await _give_up(transaction, post)
                return
            await saying.post_tried(transaction.connection, post, transaction.now + backoff_s(post.tries + 1))
        killpoint(f"worker.{post.kind}.begun")
        try:
            posted = await self._deliver(chat, post, thread, lease)
        except ChatRefused as error:
            log.warning("post_refused", post=post.id, reason=str(error))
            async with self._store.transaction(lease) as transaction:
                await _give_up(transaction, post)
            return
        except ChatUnavailable as error:
            async with self._store.transaction(lease) as transaction:
                due_at = await self._again_at(transaction, thread.platform, error, post.tries)
                await (saying.post_tried if error.retry_after_s is None else saying.post_waits)(transaction.connection, post, due_at)
            meters.retries.labels("post").inc()
            log.warning("post_put_off", post=post.id, reason=str(error))
            return
        killpoint(f"worker.{post.kind}.sent")
        async with self._store.transaction(lease) as transaction:
            if posted and posted.root:
                await saying.keep_root(transaction.connection, thread.address, posted.root)
            await saying.post_ended(transaction.connection, post, "sent", posted.id if posted else None, transaction.now)

    async def _again_at(self, transaction: Transaction, platform: Platform, error: ChatUnavailable, tries: int) -> float:
        """When to try again. Until the time that a platform asks for, nothing at all is sent to it, by nobody."""
        if error.retry_after_s is None:
            return transaction.now + backoff_s(tries + 1)
        meters.pauses.labels(platform.value).inc()
        return await pauses.extend(transaction.connection, platform.value, transaction.now + error.retry_after_s)

    async def _deliver(self, chat: Chat, post: WaitingPost, thread: Thread, lease: Lease) -> Posted | None:
        if post.kind == "reaction":
            message_id, reaction = msgspec.json.decode(post.body, type=tuple[str, Reaction])
            await chat.react(thread, message_id, reaction)
            return None
        marker = f"post:{post.id}"
        if post.tries and (found := await chat.find(thread, marker)):
            return found
        self._holder.must_hold(lease)
        return await chat.post(thread, msgspec.json.decode(post.body, type=Reply), marker)

    # -- cards -----------------------------------------------------------------------------------

    async def _send_card(self, card: WaitingCard, thread: Thread, lease: Lease) -> None:
        chat = self._chats.get(thread.platform)
        async with self._store.transaction(lease) as transaction:
            if chat is None or card.tries >= MOST_TRIES:
                log.error("card_dead", card=card.id, tries=card.tries)
                await saying.card_dead(transaction.connection, card)
                return
            await saying.card_tried(transaction.connection, card, transaction.now + backoff_s(card.tries + 1))
        drawn = await self._draw(card)
        killpoint("worker.card.begun")
        try:
            posted = await self._place(chat, card, thread, drawn, lease)
        except ChatRefused as error:
            log.warning("card_refused", card=card.id, reason=str(error))
            async with self._store.transaction(lease) as transaction:
                if card.remote_id is None:
                    await saying.card_dead(transaction.connection, card)
                else:
                    await saying.card_forgotten(transaction.connection, card, transaction.now)
            return
        except ChatUnavailable as error:
            async with self._store.transaction(lease) as transaction:
                due_at = await self._again_at(transaction, thread.platform, error, card.tries)
                await (saying.card_tried if error.retry_after_s is None else saying.card_waits)(transaction.connection, card, due_at)
            meters.retries.labels("card").inc()
            log.warning("card_put_off", card=card.id, reason=str(error))
            return
        killpoint("worker.card.sent")
        async with self._store.transaction(lease) as transaction:
            if posted.root:
                await saying.keep_root(transaction.connection, thread.address, posted.root)
            if card.remote_id is None and (arrived_at := await saying.arrived_at(transaction.connection, card)):
                count = meters.card_seconds.labels(thread.platform.value).observe
                transaction.counts.append(partial(count, transaction.now - arrived_at))
            await saying.card_sent(transaction.connection, card, posted.id, transaction.now + self._pace_of(thread.platform))

    def _pace_of(self, platform: Platform) -> float:
        return min(self._pace_s, _OWN_PACE_S) if platform in _OWN else self._pace_s

    async def _place(self, chat: Chat, card: WaitingCard, thread: Thread, drawn: Card | Home, lease: Lease) -> Posted:
        """Edit the message there is; look for one that an earlier try may have left; else post it."""
        if isinstance(drawn, Home):
            if not isinstance(chat, Homes):
                raise ChatRefused("nobody has a page of their own there")
            await chat.show_home(thread, drawn)
            return Posted("home")
        marker, there = f"card:{card.id}", card.remote_id
        if there is None and card.tries and (found := await chat.find(thread, marker)):
            there = found.id
        self._holder.must_hold(lease)
        if there is None:
            return await chat.post(thread, drawn, marker)
        await chat.edit(thread, there, drawn, marker)
        return Posted(there)

    async def _draw(self, card: WaitingCard) -> Card | Home:
        async with self._store.look() as look:
            if card.subject.startswith(HOME):
                _, platform, person = card.subject.split(":", 2)
                identities = await look.people.identities(Person(Platform(platform), person, person))
                owned = await look.environments.owned_by(identities)
                return Home(
                    tuple([environment_card(each, await look.events_of(each.id), {}, look.now, self._prices()) for each in reversed(owned)])
                )
            environment = await look.environments.get(card.subject)
            if environment is None:
                return await _draw_rollout(card.subject, look)
            events = await look.events_of(environment.id)
            past = {stage: past_of(await look.past_seconds(environment.project, stage)) for stage in STAGES}
            return environment_card(environment, events, past, look.now, self._prices())


async def _draw_rollout(id: str, look: Transaction) -> Card:
    rollout = await look.rollouts.get(id)
    if rollout is None:
        raise LeaseLost(id)
    parts = await look.rollouts.parts(id)
    return rollout_card(rollout, parts, await look.artifacts.several(each.artifact_id for each in parts), look.now)


async def _give_up(transaction: Transaction, post: WaitingPost) -> None:
    """It cannot be said where it belongs: it is said where it was to be said then, if anywhere."""
    await saying.post_ended(transaction.connection, post, "dead", None, transaction.now)
    if post.fallback is not None:
        await transaction.post(post.fallback, msgspec.json.decode(post.body, type=Reply))


def _only_the_sweep(address: str, wait_s: float) -> None:
    """The sweep finds what is due later; whoever has a timer may do it to the moment."""


def _channel(first: WaitingPost | WaitingCard) -> str | None:
    """The channel of Slack that a new message would go to; signs and edits take no turn."""
    is_new = first.remote_id is None if isinstance(first, WaitingCard) else first.kind == "post"
    parts = first.thread.address.split(":")
    return ":".join(parts[:3])[:200] if is_new and first.thread.platform is Platform.SLACK and len(parts) >= 3 else None


def _with_root(thread: Thread, root: str | None) -> Thread:
    return msgspec.structs.replace(thread, root=root or thread.root)

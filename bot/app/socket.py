"""Socket Mode, kept by one web process at a time: the others stand by to take it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.app.edges import holder_name
from bot.chats.slack_hook import Take
from bot.chats.slack_socket import SlackSocket
from bot.domain.errors import LeaseLost
from bot.settings import Settings
from bot.store.inbox import Inbox
from bot.store.store import Store
from bot.web.hooks import taker
from bot.worker.leasing import Holder

log = structlog.get_logger()

LEASE = "slack:socket"


async def keep_socket(holder: Holder, socket: SlackSocket, take: Take, again_s: float) -> None:
    """Hold the lease, and while it is held the connection; for ever. Where another holds it, look again after `again_s`."""
    while True:
        try:
            async with holder.holding(LEASE) as lease:
                if lease is not None:
                    await socket.run(take)
        except LeaseLost:
            log.info("slack_socket_given_up")
        except Exception as error:  # noqa: BLE001 - the database may be away; the next round tells
            log.warning("slack_socket_failed", reason=repr(error))
        await asyncio.sleep(again_s)


@asynccontextmanager
async def listening(settings: Settings, store: Store, inbox: Inbox) -> AsyncIterator[None]:
    """Listen by Socket Mode as long as the block runs, where an app-level token is set."""
    slack = settings.slack
    if slack is None or not slack.app_token.get_secret_value():
        yield
        return
    socket = SlackSocket(slack.api_url, slack.app_token.get_secret_value(), slack.team, frozenset(slack.response_hosts))
    holder = Holder(store, holder_name(), settings.worker.lease_s)
    keeping = asyncio.create_task(keep_socket(holder, socket, taker(inbox), holder.lease_s / 3), name=LEASE)
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
        await socket.close()

"""`trellis sweep`: what the last look at the cloud's account found, a look that changes nothing, or a look now."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich import box
from rich.table import Table

from bot.app.edges import edges_of, holder_name
from bot.app.strays import patience_of
from bot.app.work import worker_parts
from bot.domain.strays import Act, Look, Stray, verdict
from bot.env import output
from bot.rendering.clean import words
from bot.replies.strays import ACTS, KINDS
from bot.settings import Settings, SettingsError
from bot.store.database import Database
from bot.store.migrate import newest, revision_of
from bot.store.store import Store
from bot.worker.strays import Strays
from provisioner.engine import EngineUnavailable

Found = Sequence[tuple[Stray, Act]]


async def sweeping(settings: Settings, args: argparse.Namespace) -> int:
    """0: seen. Raises SettingsError with what is in the way."""
    if not settings.sweep.region:
        raise SettingsError("there is no account to look at: TRELLIS_SWEEP__REGION names its region")
    store = Store(Database(settings.sql_url))
    edges = edges_of(settings, store)
    try:
        async with store.database.read() as connection:
            if await revision_of(connection) != newest():
                raise SettingsError("the database is not of this version: `trellis migrate`, or start Trellis once")
        parts = await worker_parts(settings, store, edges, holder_name())
        if parts.strays is None:
            raise SettingsError("there is no account to look at")
        return await carry_out(settings, store, parts.strays, args)
    finally:
        await edges.close()
        await store.database.close()


async def carry_out(settings: Settings, store: Store, strays: Strays, args: argparse.Namespace) -> int:
    try:
        if args.now:
            await strays.look()
        found, look = await strays.preview() if args.dry_run else await known(settings, store)
    except EngineUnavailable as error:
        raise SettingsError(f"the account cannot be looked at, and nothing was done: {error}") from None
    if args.json:
        told = {"look": look, "strays": [{**msgspec.to_builtins(stray), "act": act} for stray, act in found]}
        sys.stdout.write(json.dumps(msgspec.to_builtins(told), indent=2) + "\n")
        return 0
    _show(found, look, is_dry=args.dry_run or settings.sweep.dry_run)
    return 0


async def known(settings: Settings, store: Store) -> tuple[Found, Look | None]:
    """What the last look found, and what is due by now."""
    async with store.look() as look:
        found, last, now = await look.strays.all(), await look.strays.last_look(), look.now
    return [(each, verdict(each, patience_of(settings), now)) for each in found], last


def _of(look: Look) -> str:
    return f"machines: {look.machines}, environments and spares: {look.rows}, states: {look.states};"


def _show(found: Found, look: Look | None, *, is_dry: bool) -> None:
    if look is None:
        sys.stdout.write("No worker has looked yet. Look now, changing nothing: trellis sweep --dry-run\n")
        return
    at = datetime.fromtimestamp(look.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    sys.stdout.write(f"{_of(look)} seen at {at}, in {look.took_s:.1f} s.\n")
    if look.problem:
        sys.stdout.write(f"It cannot be looked at now: {words(look.problem)}\n")
    if not found:
        sys.stdout.write("Everything has its counterpart.\n")
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in ("what", "of", "found", "looks", "now due" + (" (dry run: nothing is done)" if is_dry else "")):
        table.add_column(column)
    for stray, act in found:
        since = datetime.fromtimestamp(stray.first_seen_at, UTC).strftime("%m-%d %H:%M")
        of = stray.slug or stray.environment or "?"
        table.add_row(f"{KINDS[stray.kind]}\n{words(stray.subject)}", words(of), since, str(stray.looks), ACTS[act])
    output().print(table)

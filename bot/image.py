"""`trellis image`: baking the image that machines are made of, what was baked, and taking away what is spent."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

import msgspec
from rich import box
from rich.table import Table

from bot.app.edges import holder_name
from bot.app.images import bakery_of, baking_of
from bot.domain.bake import Bake, BakeState
from bot.env import output
from bot.rendering.clean import words
from bot.settings import Settings, SettingsError
from bot.store.database import Database
from bot.store.migrate import newest, revision_of
from bot.store.store import Store
from bot.worker.baking import Baking
from bot.worker.leasing import Holder
from provisioner.engine import EngineUnavailable

_BUSY = "a worker is at it by now; how far it is: trellis image list"
_SHOWN = 60


async def image(settings: Settings, args: argparse.Namespace) -> int:
    """1: it could not be baked. Raises SettingsError with what is in the way."""
    store = Store(Database(settings.sql_url))
    try:
        async with store.database.read() as connection:
            if await revision_of(connection) != newest():
                raise SettingsError("the database is not of this version: `trellis migrate`, or start Trellis once")
        baking = baking_of(settings, Holder(store, holder_name(), settings.worker.lease_s), bakery_of(settings))
        if baking is None:
            raise SettingsError("no image is baked here: TRELLIS_IMAGE__BASE_IMAGE_ID names the one to begin from")
        return await carry_out(store, baking, args)
    except EngineUnavailable as error:
        raise SettingsError(f"the account cannot be looked at: {error}") from None
    finally:
        await store.database.close()


async def carry_out(store: Store, baking: Baking, args: argparse.Namespace) -> int:
    verbs = {"bake": _bake, "list": _list, "prune": _prune}
    return await verbs[args.verb](store, baking, args)


def _tell(how: str) -> None:
    sys.stdout.write(f"  {how}\n")
    sys.stdout.flush()


async def _bake(store: Store, baking: Baking, args: argparse.Namespace) -> int:
    del store, args
    bake = await baking.look(is_asked=True, tell=_tell)
    if bake is None:
        raise SettingsError(_BUSY)
    if bake.state is BakeState.READY:
        sys.stdout.write(f"✓ {bake.image} is good, and machines are made of it from now on: version {bake.version}\n")
        return 0
    later = " A worker goes on with it." if bake.state is BakeState.BAKING else " Machines are made of the last good one."
    sys.stdout.write(f"✗ It could not be baked: {words(bake.why)}.{later}\n")
    return 1


async def _prune(store: Store, baking: Baking, args: argparse.Namespace) -> int:
    del store, args
    count = await baking.prune()
    if count is None:
        raise SettingsError(_BUSY)
    sys.stdout.write(f"Images taken away: {count}\n")
    return 0


async def _list(store: Store, baking: Baking, args: argparse.Namespace) -> int:
    del baking
    async with store.look() as look:
        found, current = await look.bakes.recent(max(1, args.limit)), await look.bakes.current()
    if args.json:
        told = [{**msgspec.to_builtins(each), "is_current": each == current} for each in found]
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return 0
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in ("image", "version", "begun (UTC)", "how it is", ""):
        table.add_column(column, no_wrap=bool(column))
    for each in found:
        table.add_row(*_row(each, is_current=each == current))
    output().print(table if found else "None was baked yet. Now: trellis image bake")
    return 0


def _row(bake: Bake, *, is_current: bool) -> tuple[str, ...]:
    begun = datetime.fromtimestamp(bake.created_at, UTC).strftime("%m-%d %H:%M")
    how = "in use" if is_current else bake.state.value
    return bake.image or "-", bake.version, begun, how, words(bake.why)[:_SHOWN]

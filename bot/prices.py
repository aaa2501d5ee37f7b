"""`trellis prices`: the table of prices that costs are reckoned by, and asking AWS for it anew."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.table import Table

from bot import price_hosts, price_table
from bot.env import output
from bot.price_table import BadTable, Host, Priced, PriceTable, Region
from bot.rendering.clean import words
from bot.settings import Settings, SettingsError
from bot.settings.engines import machine_types
from provisioner import price_list
from provisioner.price_list import NoPrice


def prices(settings: Settings, args: argparse.Namespace, client: Callable[[], Any] = price_list.client) -> int:
    """0: done. Raises SettingsError with what is in the way."""
    try:
        if args.verb == "hosts":
            sys.stdout.write(price_hosts.table(price_table.read(settings.price_file)))
            return 0
        return _refresh(settings, args, client) if args.verb == "refresh" else _show(settings)
    except BadTable as error:
        raise SettingsError(str(error)) from None


def _show(settings: Settings) -> int:
    found = price_table.read(settings.price_file)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in ("region", "size", "instance", "an hour", "as of", ""):
        table.add_column(column, no_wrap=True)
    for name, region in sorted(found.regions.items()):
        used = "used" if name == settings.prices.region else ""
        for size, each in region.sizes.items():
            price = f"{region.currency} {each.per_hour:.4f}"
            table.add_row(words(name), words(size), words(each.instance_type), words(price), region.as_of, used)
    output().print(table if found.regions else "There is no table of prices yet. Ask AWS: trellis prices refresh --region REGION")
    return 0


def _refresh(settings: Settings, args: argparse.Namespace, client: Callable[[], Any]) -> int:
    region, types = args.region or settings.prices.region, machine_types(settings)
    if not region:
        raise SettingsError("--region: which one? Or set TRELLIS_PRICES__REGION")
    before = price_table.read(settings.price_file)
    try:
        pricing = client()
        asked = price_list.prices(pricing, region, dict(types.items()), settings.prices.volume_gb)
        hosts = _hosts(pricing, region, settings.prices.host_type)
    except ImportError:
        raise SettingsError("asking AWS for prices needs boto3: make extra NAME=terraform") from None
    except NoPrice as error:
        raise SettingsError(f"{error}; the table is as it was") from None
    except Exception as error:  # noqa: BLE001 - botocore's have no other base that is there without it
        raise SettingsError(f"AWS could not be asked for prices: {error}") from None
    sizes = {size: Priced(each.instance_type, each.per_hour) for size, each in asked.items()}
    disk = next((each.disk_per_hour for each in asked.values()), 0.0)
    made = Region(datetime.now(UTC).strftime("%Y-%m-%d"), "USD", settings.prices.volume_gb, sizes, hosts, disk)
    price_table.write(settings.price_file, PriceTable({**before.regions, region: made}))
    for size, each in sizes.items():
        old = before.regions[region].sizes.get(size) if region in before.regions else None
        was = f", was {old.per_hour:.4f}" if old and old.per_hour != each.per_hour else ""
        sys.stdout.write(f"{size}: {each.instance_type} in {region}, USD {each.per_hour:.4f} an hour{was}\n")
    sys.stdout.write(f"paused: its disk of {settings.prices.volume_gb} GB, USD {disk:.4f} an hour\n")
    sys.stdout.write("Costs are reckoned by them from now on.\n")
    return 0


def _hosts(pricing: Any, region: str, instance_type: str) -> dict[str, Host]:
    try:
        found = price_list.host_price(pricing, region, instance_type)
    except NoPrice as error:
        sys.stdout.write(f"{error}: hosts of market data are not reckoned\n")
        return {}
    return {instance_type: Host(found.per_hour, found.reserved_per_hour)}

"""`trellis token`: one's own API tokens, from a shell."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import quote

from rich import box
from rich.table import Table

from bot.client import Client
from bot.env import output, show_json, talking
from bot.rendering.clean import words
from bot.settings import Settings


async def token(settings: Settings, args: argparse.Namespace, person: str) -> int:
    """0: done; 1: not done; 3: nobody to talk to."""
    verbs = {"create": _create, "list": _list, "revoke": _revoke}
    return await talking(settings, person, lambda client: verbs[args.verb](client, args))


async def _create(client: Client, args: argparse.Namespace) -> int:
    scopes = args.scope.replace(",", " ").split()
    made = await client.ask("POST", "/tokens", body={"name": args.name, "scopes": scopes, "days": args.days})
    if args.json:
        return show_json(made)
    sys.stdout.write(f"{made['token']}\n")
    sys.stdout.flush()
    sys.stderr.write(f"It may {', '.join(made['scopes'])}, ends {made['expires_at'][:10]}, and is not shown again. Revoke: {made['id']}\n")
    return 0


async def _list(client: Client, args: argparse.Namespace) -> int:
    found = (await client.ask("GET", "/tokens"))["tokens"]
    if args.json:
        return show_json(found)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in ("id", "name", "scopes", "ends", "last used", ""):
        table.add_column(column, no_wrap=column == "id")
    for each in found:
        state = "revoked" if each["revoked_at"] else ""
        used = (each["last_used_at"] or "never")[:16]
        table.add_row(each["id"], words(each["name"]), " ".join(each["scopes"]), each["expires_at"][:10], used, state)
    output().print(table if found else "No tokens. Make one: trellis token create NAME")
    return 0


async def _revoke(client: Client, args: argparse.Namespace) -> int:
    await client.ask("DELETE", f"/tokens/{quote(args.id, safe='')}")
    sys.stdout.write("It is worth nothing any more.\n")
    return 0

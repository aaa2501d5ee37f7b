"""`trellis env`: environments from a shell, over the API. What looks is asked of lists; everything else is said as a command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rich import box
from rich.console import Console
from rich.table import Table

from bot.arguments import looks_parser
from bot.calling import NotRunning, readable
from bot.client import ApiRefused, Client
from bot.rendering.clean import letters, words
from bot.settings import Settings

_FAILED = {"failed", "refused", "cancelled"}
_UNFOLDED = 1000
_HEALTH = {True: " (healthy)", False: " (not healthy)", None: ""}
_COLOURS = {"ready": "green", "failed": "red", "gone": "dim", "terminating": "yellow"}


@dataclass(frozen=True)
class Options:
    """How it is shown, in whose name, and whether to wait until it is done."""

    person: str
    as_json: bool = False
    should_wait: bool = True


async def env(settings: Settings, line: list[str], options: Options) -> int:
    """0: done; 1: not done; 3: nobody to talk to."""
    ours, theirs = (line[: line.index("--")], line[line.index("--") :]) if "--" in line else (line, [])
    ours, options = _taken_out(ours, options)
    line = ours + theirs
    looks = {"list": _list, "show": _show, "events": _events, "logs": _logs}
    look = looks.get(line[0]) if line else None
    args = looks_parser().parse_args(line) if look else argparse.Namespace()
    return await talking(settings, options.person, lambda client: look(client, args, options) if look else _say(client, line, options))


def _taken_out(line: list[str], options: Options) -> tuple[list[str], Options]:
    """Our own options may stand behind the verb too."""
    person, rest = options.person, list(line)
    if "--as" in rest[:-1]:
        at = rest.index("--as")
        person = rest[at + 1]
        del rest[at : at + 2]
    made = Options(person, options.as_json or "--json" in rest, options.should_wait and "--no-wait" not in rest)
    return [word for word in rest if word not in {"--json", "--no-wait"}], made


async def talking(settings: Settings, person: str, work: Callable[[Client], Awaitable[int]]) -> int:
    """Do it with a client; what stands in the way is one line."""
    try:
        async with Client(settings, person) as client:
            return await work(client)
    except ApiRefused as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 1
    except NotRunning as error:
        sys.stderr.write(f"trellis: {error}\n")
        return 3


def show_json(found: object) -> int:
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 0


def quoted(word: str) -> str:
    """A word as the command language reads it back."""
    if word and all(each.isalnum() or each in "-_./:@!#,+=%" for each in word) and word.isascii():
        return word
    name, equals, value = word.partition("=")
    head = f"{name}=" if equals and name.startswith("--") else ""
    return f'{head}"{(value if head else word).replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'


async def _say(client: Client, line: list[str], options: Options) -> int:
    said = await client.say(" ".join(["/ivy", *(quoted(readable(word)) for word in line)]), should_wait=options.should_wait)
    code = 1 if said["state"] in _FAILED else 0
    if options.as_json:
        show_json(said)
        return code
    for reply in said["replies"]:
        sys.stdout.write(f"{reply['text']}\n")
    if not said["replies"]:
        sys.stdout.write(f"{said['card'] or 'It is being done: ' + said['id']}\n")
    return code


async def _list(client: Client, args: argparse.Namespace, options: Options) -> int:
    query = {name: value for name in ("project", "owner", "state", "text") if (value := getattr(args, name))}
    query |= {name: "true" for name in ("mine", "past") if getattr(args, name)}
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await client.ask("GET", "/environments", {**query, "limit": "200", "cursor": cursor})
        found += page["environments"]
        if not (cursor := page["next"]):
            break
    if options.as_json:
        return show_json(found)
    table = _table("environment", "state", "project", "branch", "owner", "goes", "address")
    for each in found:
        address = each["addresses"][0]["url"] if each["addresses"] else ""
        cells = (each["slug"], each["state"], each["project"], each["branch"], each["owner"]["name"], _when(each["expires_at"]), address)
        table.add_row(*(words(cell) for cell in cells), style=_COLOURS.get(each["state"]))
    output().print(table if found else "No environments. Make one: trellis env create BRANCH")
    return 0


async def _show(client: Client, args: argparse.Namespace, options: Options) -> int:
    found = await client.ask("GET", f"/environments/{quote(args.env, safe='')}")
    if options.as_json:
        return show_json(found)
    grid = Table.grid(padding=(0, 2))
    failure = found["failure"]
    health = {each["name"]: _HEALTH[each["healthy"]] for each in found["services"] or ()}
    rows = [
        ("environment", found["slug"]),
        ("state", found["state"] + (f" ({found['stage']})" if found["stage"] else "")),
        ("project", found["project"]),
        ("branch", found["branch"]),
        ("commit", found["running_sha"] or found["sha"]),
        ("owner", found["owner"]["name"]),
        ("since", _when(found["created_at"])),
        ("went", f"{_when(found['gone_at'])}: {found['gone_reason']}") if found["gone_at"] else ("goes", _when(found["expires_at"])),
        *((each["service"], f"{each['url']}{health.get(each['service'], '')}") for each in found["addresses"]),
        *([("data", _data(found["data"]))] if found["data"]["loaded"] or found["data"]["coming"] else []),
        *([("failed", failure["reason"])] if failure else []),
    ]
    for name, value in rows:
        grid.add_row(words(name), letters(value))
    Console().print(grid, highlight=False)
    return 0


def _data(data: dict[str, Any]) -> str:
    return ", ".join([*([data["loaded"]] if data["loaded"] else []), *([f"{data['coming']} is coming"] if data["coming"] else [])])


async def _events(client: Client, args: argparse.Namespace, options: Options) -> int:
    page = await client.ask("GET", f"/environments/{quote(args.env, safe='')}/events", {"limit": "200"})
    if options.as_json:
        return show_json(page["events"])
    table = _table("when", "what", "who", "more")
    for each in reversed(page["events"]):
        more = " ".join(f"{name}={value}" for name, value in each["data"].items() if value not in ("", None))
        table.add_row(*(words(cell) for cell in (_when(each["at"]), each["kind"], each["actor"], more)))
    output().print(table)
    return 0


async def _logs(client: Client, args: argparse.Namespace, options: Options) -> int:
    query = {"tail": args.tail, **({"service": args.service} if args.service else {})}
    found = await client.ask("GET", f"/environments/{quote(args.env, safe='')}/logs", query)
    if options.as_json:
        return show_json(found["lines"])
    for line in found["lines"]:
        sys.stdout.write(f"{letters(line['service'])}  {letters(line['text'])}\n")
    return 0


def output() -> Console:
    """As wide as the terminal; what is piped or kept in a file is not folded."""
    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in {"environment", "state", "when"})
    return table


def _when(text: str | None) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M UTC") if text else ""

"""`trellis artifact`: what was built of services, registered and listed over the API."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bot.built import Built, event_of, full, of_ci, of_git
from bot.client import Client
from bot.env import show_json, talking
from bot.rendering.clean import words
from bot.settings import Settings, SettingsError
from deploy.contracts import Unreadable, contract_of

_ARCHIVES = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar", ".zip")
_DIGEST = "@sha256:"


@dataclass(frozen=True)
class _Thing:
    kind: str
    sha256: str
    address: str
    size_bytes: int | None = None


async def artifact(settings: Settings, args: argparse.Namespace, person: str) -> int:
    """0: done; 1: not done; 3: nobody to talk to. Raises SettingsError for what cannot be registered."""
    if args.verb == "list":
        return await talking(settings, person, lambda client: _list(client, args))
    body = await _body(settings, args)
    return await talking(settings, person, lambda client: _push(client, args, body))


async def _push(client: Client, args: argparse.Namespace, body: dict[str, Any]) -> int:
    kept = await client.ask("POST", "/artifacts", body=body)
    if args.json:
        return show_json(kept)
    merged = "is merged" if kept["merged_at"] else "is not merged"
    sys.stdout.write(
        f"{words(kept['service'])} {kept['commit'][:8]} is registered (number {kept['number']}, {kept['kind']}); its commit {merged}.\n"
    )
    return 0


async def _list(client: Client, args: argparse.Namespace) -> int:
    query = {"limit": str(args.limit), **({"service": args.service} if args.service else {})}
    found = (await client.ask("GET", "/artifacts", query))["artifacts"]
    if args.json:
        return show_json(found)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in ("service", "commit", "version", "merged", "request", "registered", "title"):
        table.add_column(column, no_wrap=column != "title", overflow="fold")
    for each in found:
        merged, request = (each["merged_at"] or "no")[:10], f"#{each['request']}" if each["request"] else ""
        registered = each["registered_at"][:16].replace("T", " ")
        cells = (each["service"], each["commit"][:8], each["version"], merged, request, registered, each["title"])
        table.add_row(*(words(cell) for cell in cells))
    Console().print(table if found else "Nothing is registered. Register it: trellis artifact push SERVICE FILE")
    return 0


async def _body(settings: Settings, args: argparse.Namespace) -> dict[str, Any]:
    if bool(args.image) == bool(args.file):
        raise SettingsError("say what was built: a FILE, or --image REF@sha256:…")
    try:
        program = await asyncio.to_thread(Path(args.deploy_py).read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{args.deploy_py} cannot be read ({error}): say --deploy-py FILE") from error
    thing = _image(args.image) if args.image else await asyncio.to_thread(_file, settings, args)
    built = await _built(args)
    if not built.commit:
        raise SettingsError("which commit was it built of? Say --commit SHA: there is no git here, and no CI that says so")
    about = {"commit": built.commit, "ref": built.ref, "request": built.request, "title": built.title[:500], "author": built.author[:200]}
    what = {"kind": thing.kind, "sha256": thing.sha256, "address": thing.address, "size_bytes": thing.size_bytes}
    promised = await asyncio.to_thread(_contract, settings, args)
    return {"service": args.service, **what, **about, "version": args.version, "program": program, **promised}


async def _built(args: argparse.Namespace) -> Built:
    """What is said here, else by the CI, else by git: of one commit only, so that no title is another's."""
    said = Built(args.commit.lower(), full(args.ref), args.request, args.title, args.author)
    for found in (of_ci(os.environ, event_of(os.environ)), await of_git(Path.cwd())):
        if said.commit in {"", found.commit} and found.commit:
            said = said.over(found)
    return said


def _image(reference: str) -> _Thing:
    name, found, digest = reference.partition(_DIGEST)
    last = name.rpartition("/")[2]
    if not found or not name:
        raise SettingsError(f"{reference} names no digest: an image is registered as REF@sha256:…, which does not change")
    return _Thing("image", digest, name[: -len(last)] + last.partition(":")[0])


def _file(settings: Settings, args: argparse.Namespace) -> _Thing:
    path = Path(args.file)
    kind = args.kind or ("archive" if path.name.endswith(_ARCHIVES) else "binary")
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        address = args.address or _copied(settings, path, sha256)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read or kept: {error}") from error
    return _Thing(kind, sha256, address, size)


def _contract(settings: Settings, args: argparse.Namespace) -> dict[str, str]:
    """What it promises to those who call it. What a contract is, is told by its name, so that stays."""
    if not args.contract:
        return {}
    path = Path(args.contract)
    try:
        data = path.read_bytes()
        contract_of(path.name, data)
        sha256 = hashlib.sha256(data).hexdigest()
        address = args.contract_address or _copied(settings, path, f"contract-{sha256}/{path.name}", "--contract-address")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read or kept: {error}") from error
    except Unreadable as error:
        raise SettingsError(f"{path} is no contract: {error}") from error
    return {"contract_sha256": sha256, "contract_address": address}


def _copied(settings: Settings, path: Path, name: str, option: str = "--address") -> str:
    """Where this machine's Trellis fetches it from."""
    if os.environ.get("TRELLIS_URL"):
        raise SettingsError(f"where was {path} put? Say {option} URL: the Trellis at TRELLIS_URL fetches it from there")
    target = settings.pushed_dir / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        shutil.copyfile(path, part)
        part.replace(target)
    return target.as_uri()

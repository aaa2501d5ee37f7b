"""`trellis`: the one program. Each subcommand is a function here or in a module of its name."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bot import logs
from bot.arguments import (
    artifact_arguments,
    connect_arguments,
    env_arguments,
    feeds_arguments,
    image_arguments,
    prices_arguments,
    spares_arguments,
    sweep_arguments,
    token_arguments,
    vault_arguments,
)
from bot.redaction import KNOWN
from bot.settings import Settings, SettingsError, load
from bot.settings.secrets import secrets_of
from bot.stopping import until_asked_to_stop

_WORKER_ENDS_WITHIN_S = 45.0
"""What it had in hand is taken up by another; Terraform comes to its safe end without it."""


def _run(main: Coroutine[Any, Any, int | None], ends_within_s: float | None = None) -> int:
    """Run to the end, or until SIGINT or SIGTERM asks to stop, and then no longer than `ends_within_s`."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        return runner.run(until_asked_to_stop(main, ends_within_s)) or 0


def _up(args: argparse.Namespace, settings: Settings) -> int:
    from bot.up import up  # noqa: PLC0415 - each command loads only what it needs

    return _run(up(settings, args.quiet))


def _serve(args: argparse.Namespace, settings: Settings) -> int:
    from bot.serve import serve  # noqa: PLC0415

    del args
    return _run(serve(settings))


def _work(args: argparse.Namespace, settings: Settings) -> int:
    from bot.app.work import run_worker  # noqa: PLC0415

    del args
    return _run(run_worker(settings), _WORKER_ENDS_WITHIN_S)


def _keep(args: argparse.Namespace, settings: Settings) -> int:
    from bot.keep import keep  # noqa: PLC0415

    del args
    return _run(keep(settings))


def _feeds(args: argparse.Namespace, settings: Settings) -> int:
    from bot.feeds import feeds  # noqa: PLC0415

    return _run(feeds(settings, args.line))


def _vault(args: argparse.Namespace, settings: Settings) -> int:
    from bot.vaulting import vault  # noqa: PLC0415

    return _run(vault(settings, args.line))


def _migrate(args: argparse.Namespace, settings: Settings) -> int:
    from bot.store.database import Database  # noqa: PLC0415
    from bot.store.migrate import migrate, newest  # noqa: PLC0415

    del args

    async def run() -> None:
        database = Database(settings.sql_url)
        await migrate(database)
        await database.close()
        print(f"The database is at revision {newest()}.")

    return _run(run())


def _parse(args: argparse.Namespace, settings: Settings | None) -> int:
    from grammar.parse import read  # noqa: PLC0415
    from grammar.say import as_data, in_words, is_all_right  # noqa: PLC0415

    del settings
    text = sys.stdin.read() if args.text == "-" else args.text
    found = read(text, "slack" if args.slack else "markdown", is_direct=args.slack)
    for each in found:
        print(json.dumps(as_data(each), ensure_ascii=False) if args.json else "\n".join(in_words(each)))
    return 0 if is_all_right(found) else 2


def _schema(args: argparse.Namespace, settings: Settings | None) -> int:
    from bot.domain import devenv_file  # noqa: PLC0415

    del args, settings
    print(json.dumps(devenv_file.schema(), indent=2))
    return 0


def _say(args: argparse.Namespace, settings: Settings) -> int:
    from bot.say import say  # noqa: PLC0415

    return _run(say(settings, args.text, args.person, args.thread, should_wait=args.wait))


def _chat(args: argparse.Namespace, settings: Settings) -> int:
    from bot.say import chat  # noqa: PLC0415

    return _run(chat(settings, args.person, args.thread))


def _open(args: argparse.Namespace, settings: Settings) -> int:
    from bot.open import open_dashboard  # noqa: PLC0415

    return _run(open_dashboard(settings, args.person, in_browser=args.command == "open"))


def _env(args: argparse.Namespace, settings: Settings) -> int:
    from bot.env import Options, env  # noqa: PLC0415
    from bot.open import whoami  # noqa: PLC0415

    return _run(env(settings, args.line, Options(args.person or whoami(), args.json, not args.no_wait)))


def _token(args: argparse.Namespace, settings: Settings) -> int:
    from bot.open import whoami  # noqa: PLC0415
    from bot.tokens import token  # noqa: PLC0415

    return _run(token(settings, args, args.person or whoami()))


def _artifact(args: argparse.Namespace, settings: Settings) -> int:
    from bot.artifact import artifact  # noqa: PLC0415
    from bot.open import whoami  # noqa: PLC0415

    return _run(artifact(settings, args, args.person or whoami()))


def _spares(args: argparse.Namespace, settings: Settings) -> int:
    from bot.spares import spares  # noqa: PLC0415

    return _run(spares(settings, args))


def _image(args: argparse.Namespace, settings: Settings) -> int:
    from bot.image import image  # noqa: PLC0415

    return _run(image(settings, args))


def _sweep(args: argparse.Namespace, settings: Settings) -> int:
    from bot.sweeping import sweeping  # noqa: PLC0415

    return _run(sweeping(settings, args))


def _prices(args: argparse.Namespace, settings: Settings) -> int:
    from bot.prices import prices  # noqa: PLC0415

    return prices(settings, args)


def _connect(args: argparse.Namespace, settings: Settings) -> int:
    from bot.connect.hooks import github_hooks, gitlab_hooks  # noqa: PLC0415
    from bot.connect.slack import slack  # noqa: PLC0415

    if args.platform == "slack":
        return slack(settings, args.name, is_socket=args.socket)
    if args.platform == "gitlab":
        return _run(gitlab_hooks(settings, is_dry=args.dry_run))
    if args.hooks:
        return _run(github_hooks(settings, is_dry=args.dry_run))
    from bot.connect.github import Wanted, github  # noqa: PLC0415

    return _run(github(settings, Wanted(args.name, args.org, args.url, args.port, args.code, is_manual=args.manual)))


def _doctor(args: argparse.Namespace, settings: Settings) -> int:
    from bot.doctor import doctor  # noqa: PLC0415

    return _run(doctor(settings, as_json=args.json))


def _alive(args: argparse.Namespace, settings: Settings) -> int:
    from bot.alive import alive  # noqa: PLC0415

    return _run(alive(settings, args.part))


def _backup(args: argparse.Namespace, settings: Settings) -> int:
    from bot.backup import backup  # noqa: PLC0415

    return backup(settings, Path(args.file))


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="person", default="you", metavar="NAME", help="in whose name (only from this machine)")
    parser.add_argument("--thread", default="", metavar="NAME", help="which conversation; a person's own when left out")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="trellis", description="Branch environments by chat. Start with: trellis up")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., int], words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        return sub

    add("up", _up, "start the whole product on this machine").add_argument("--quiet", action="store_true", help="no words but warnings")
    add("serve", _serve, "run the web part: webhooks, console, health")
    add("work", _work, "run a worker")
    add("keep", _keep, "run this host's keeper: services and reverse proxy")
    feeds_arguments(add("feeds", _feeds, "run the market-data multiplexer, or say what environments want of it"))
    vault_arguments(add("vault", _vault, "print what may be done with secrets in AWS, or try whether production's are out of reach"))
    add("migrate", _migrate, "bring the database to this version")
    parse = add("parse", _parse, "show what is understood of a text")
    parse.add_argument("text", help="the text; - reads standard input")
    dialect = parse.add_mutually_exclusive_group()
    dialect.add_argument("--markdown", action="store_true", help="as a comment on GitHub or GitLab")
    dialect.add_argument("--slack", action="store_true", help="as a message in Slack")
    parse.add_argument("--json", action="store_true", help="JSON Lines")
    add("schema", _schema, "print the JSON Schema of .dev-env.yaml")
    say = add("say", _say, "say a command and hear the answer")
    say.add_argument("text")
    _person(say)
    say.add_argument("--wait", action="store_true", help="until what was asked for is done")
    _person(add("chat", _chat, "a conversation in this terminal"))
    for name, words in (("open", "open the dashboard of this machine, signed in"), ("login", "print a link that signs in to it, once")):
        add(name, _open, words).add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name; yours when left out")
    env_arguments(add("env", _env, "environments, over the API"))
    token_arguments(add("token", _token, "your API tokens"))
    artifact_arguments(add("artifact", _artifact, "what was built of services, for deploys"))
    spares_arguments(add("spares", _spares, "warm spares: machines that are made before anybody asks"))
    image_arguments(add("image", _image, "the image that machines are made of: bake it, and what was baked"))
    sweep_arguments(add("sweep", _sweep, "what the cloud's account holds without a counterpart here, and what is done about it"))
    prices_arguments(add("prices", _prices, "what an hour of each size costs, by region"))
    alive = add("alive", _alive, "whether a part of this machine lives; ends with 1 when it does not")
    alive.add_argument("part", choices=("serve", "work", "keep"))
    add("backup", _backup, "copy the database (SQLite) while it is used").add_argument("file", help="where to; must not be there yet")
    connect_arguments(add("connect", _connect, "tell GitHub, GitLab or Slack of this Trellis"))
    add("doctor", _doctor, "look for what is wrong with configuration and parts").add_argument("--json", action="store_true")
    return made


def main() -> None:
    args = parser().parse_args()
    try:
        settings = None if args.command in {"parse", "schema"} else load()
        if settings:
            KNOWN.learn(secrets_of(settings))
        logs.configure(settings.log_format if settings else "console")
        code = args.run(args, settings)
        sys.stdout.flush()
        sys.exit(code)
    except SettingsError as error:
        sys.exit(f"trellis: {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more when it ends
        sys.exit(1)

"""The arguments of `trellis env` and `trellis token`. Apart, so that no other command loads what these need."""

from __future__ import annotations

import argparse

_EPILOG = """\
list [--mine] [--past] [--project P] [--state S] [--text T]   show ENV   events ENV   logs ENV [--service S] [--tail N]
Any other verb is said as the command of that name, with what follows: create, update, extend, terminate …
TRELLIS_URL and TRELLIS_TOKEN name another Trellis than this machine's."""


def env_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name (this machine only)")
    parser.add_argument("--json", action="store_true", help="as the API says it")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it is done")
    parser.add_argument("line", nargs=argparse.REMAINDER, metavar="VERB …", help="list, show, events, logs, or a command")


def looks_parser() -> argparse.ArgumentParser:
    """What looks, and how it is asked for."""
    made = argparse.ArgumentParser(prog="trellis env")
    verbs = made.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="environments, the youngest first")
    for name in ("project", "owner", "state", "text"):
        listed.add_argument(f"--{name}", default="")
    for name in ("mine", "past"):
        listed.add_argument(f"--{name}", action="store_true")
    for name, help_ in (("show", "one of them"), ("events", "what happened to it"), ("logs", "what its services wrote")):
        verb = verbs.add_parser(name, help=help_)
        verb.add_argument("env")
        if name == "logs":
            verb.add_argument("--service", default="")
            verb.add_argument("--tail", default="200")
    return made


def token_arguments(parser: argparse.ArgumentParser) -> None:
    """`create`, `list` and `revoke` of `trellis token`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make one; it is shown once")
    create.add_argument("name", help="what it is for")
    create.add_argument("--scope", default="read,command", help="read, command, admin; each holds those before it")
    create.add_argument("--days", type=float, default=90, help="after how many days it ends")
    listed = verbs.add_parser("list", help="yours")
    revoke = verbs.add_parser("revoke", help="end one now")
    revoke.add_argument("id")
    for verb in (create, listed, revoke):
        verb.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name; yours when left out")
        verb.add_argument("--json", action="store_true")

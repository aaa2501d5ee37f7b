"""The arguments of `trellis env`, `token`, `artifact`, `spares` and `connect`. Apart, so that no other command loads what these need."""

from __future__ import annotations

import argparse

_EPILOG = """\
list [--mine] [--past] [--project P] [--state S] [--text T]   show ENV   events ENV   logs ENV [--service S] [--tail N]
Any other verb is said as the command of that name, with what follows: create, update, extend, terminate …
TRELLIS_URL and TRELLIS_TOKEN name another Trellis than this machine's."""

_ARTIFACT_EPILOG = """\
What is not said of the commit is read from GitHub Actions, GitLab CI, or git in this folder. In a pull request's run on GitHub
it is the head of the request, not the commit that GitHub makes to try the merge. Nothing is uploaded elsewhere.
TRELLIS_URL and TRELLIS_TOKEN (scope artifacts) name another Trellis than this machine's."""


def env_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name (this machine only)")
    parser.add_argument("--json", action="store_true", help="as the API says it")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it is done")
    parser.add_argument("line", nargs=argparse.REMAINDER, metavar="VERB …", help="list, show, events, logs, or a command")


def feeds_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
Alone: run it, until it is stopped.
want ENV SOURCE.MARKET.INSTRUMENT …   let an environment hear instruments, as binance.spot.BTCUSDT; prints its password, once
drop ENV                              it hears no more, and is let in no more
authorization                         print who may what, for the configuration of a NATS server that is not our own"""
    parser.add_argument("line", nargs="*", metavar="WORD", help="nothing, want, drop or authorization")


def vault_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = """\
policy ACCOUNT REGION   print the policy that is enough for Trellis, for its role in AWS
egress nftables USER    print what processes of that user may connect to: sandboxes that are offered, the feed and Trellis (nft --file -)
egress terraform        the same as variables of terraform/modules/trading-env
try                     try to read the paths of production (vault.production), as is done every hour"""
    parser.add_argument("line", nargs="*", metavar="WORD", help="policy ACCOUNT REGION, egress nftables USER, egress terraform, or try")


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
    create.add_argument("--scope", default="read,command", help="read, command, admin (each holds those before it), artifacts (for CI)")
    create.add_argument("--days", type=float, default=90, help="after how many days it ends")
    listed = verbs.add_parser("list", help="yours")
    revoke = verbs.add_parser("revoke", help="end one now")
    revoke.add_argument("id")
    for verb in (create, listed, revoke):
        verb.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name; yours when left out")
        verb.add_argument("--json", action="store_true")


def artifact_arguments(parser: argparse.ArgumentParser) -> None:
    """`push` and `list` of `trellis artifact`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _ARTIFACT_EPILOG
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    push = verbs.add_parser("push", help="register what was built; the same again changes nothing")
    push.add_argument("service")
    push.add_argument(
        "file", nargs="?", default="", help="what was built: it is copied to this machine's Trellis where --address says nothing"
    )
    push.add_argument("--image", default="", metavar="REF@sha256:…", help="a container image, by its digest")
    push.add_argument("--address", default="", metavar="URL", help="where the file was put: https://…, s3://…")
    push.add_argument(
        "--kind", choices=("binary", "archive", "terraform"), default="", help="archive for .tar.gz, .tgz, .zip …, else binary"
    )
    push.add_argument(
        "--contract", default="", metavar="FILE", help="what it promises: .proto, .binpb, OpenAPI in .yaml or .json, or an archive of them"
    )
    push.add_argument("--contract-address", default="", metavar="URL", help="where that file was put")
    push.add_argument("--deploy-py", default="deploy.py", metavar="FILE", help="its deploy.py (default: deploy.py in this folder)")
    for name, help_ in (
        ("commit", "in full"),
        ("ref", "a branch, or refs/…"),
        ("title", ""),
        ("author", ""),
        ("version", "how people call it"),
    ):
        push.add_argument(f"--{name}", default="", help=help_)
    push.add_argument("--request", type=int, default=None, help="the merge or pull request that it was built for")
    listed = verbs.add_parser("list", help="what was registered, the newest first")
    listed.add_argument("service", nargs="?", default="")
    listed.add_argument("--limit", type=int, default=20)
    for verb in (push, listed):
        verb.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name (this machine only)")
        verb.add_argument("--json", action="store_true", help="as the API says it")


def spares_arguments(parser: argparse.ArgumentParser) -> None:
    """`list`, `pause`, `resume` and `simulate` of `trellis spares`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="how many there should be, and how many there are")
    pause = verbs.add_parser("pause", help="make none until `resume`; those that are ready are still claimed")
    pause.add_argument("--reason", default="", help="told by `list`")
    pause.add_argument("--as", dest="person", default="", metavar="NAME", help="in whose name; yours when left out")
    verbs.add_parser("resume", help="make them again")
    simulate = verbs.add_parser("simulate", help="replay past demand with other targets: what they cost, how long people wait")
    simulate.add_argument("--project", default="", help="whose demand; may be left out where there is one project")
    simulate.add_argument("--size", choices=("small", "medium", "large"), default="small")
    simulate.add_argument("--days", type=int, default=30, help="how much of the past")
    simulate.add_argument(
        "--target", action="append", default=[], metavar="TEXT", help="as in the settings; again for more. 0 to 5 when left out"
    )
    for name, words in (("fresh", "without a spare"), ("claim", "from a spare"), ("make", "for a spare to be made")):
        simulate.add_argument(f"--{name}-s", type=float, default=None, metavar="SECONDS", help=f"{words}; measured when left out")


def image_arguments(parser: argparse.ArgumentParser) -> None:
    """`bake`, `list` and `prune` of `trellis image`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("bake", help="bake one now, or go on with the one that is being baked; ends with 1 when it could not be")
    listed = verbs.add_parser("list", help="what was baked, the newest first, and which is in use")
    listed.add_argument("--limit", type=int, default=20)
    listed.add_argument("--json", action="store_true", help="as JSON")
    verbs.add_parser("prune", help="take away what nothing is made of, beyond the newest")


def sweep_arguments(parser: argparse.ArgumentParser) -> None:
    """How to look for `trellis sweep`; without any of it, what the last look of a worker found."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="look now, change nothing")
    how.add_argument("--now", action="store_true", help="look now, as a worker does, and do what is due")
    parser.add_argument("--json", action="store_true", help="as JSON")


def prices_arguments(parser: argparse.ArgumentParser) -> None:
    """`show` and `refresh` of `trellis prices`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("show", help="the table that costs are reckoned by, and of which day it is")
    verbs.add_parser("hosts", help="what the hosts of market data cost a month, on demand and reserved for a year")
    refresh = verbs.add_parser("refresh", help="ask AWS's price list for a region's instances and disks; needs its credentials")
    refresh.add_argument("--region", default="", help="prices.region of the settings when left out")


def connect_arguments(parser: argparse.ArgumentParser) -> None:
    """`github`, `gitlab` and `slack` of `trellis connect`."""
    platforms = parser.add_subparsers(dest="platform", required=True, metavar="PLATFORM")
    github = platforms.add_parser("github", help="make a GitHub App, or with --hooks the webhooks of repositories")
    github.add_argument("--hooks", action="store_true", help="for a token: make or put right the webhook of each repository")
    github.add_argument("--name", default="", help="what the App is called; nobody else's on GitHub may be called so")
    github.add_argument("--org", default="", help="the organization that is to own the App; you when left out")
    github.add_argument("--url", default="", help="your own GitHub's address, for instance https://github.example.com")
    github.add_argument("--manual", action="store_true", help="there is no browser here: print what to do elsewhere")
    github.add_argument("--code", default="", help="the code that GitHub gave in the end of --manual")
    github.add_argument("--port", type=int, default=0, help="where the page is served that leads to GitHub; any free one when left out")
    gitlab = platforms.add_parser("gitlab", help="make or put right the webhook of each project")
    for each in (github, gitlab):
        each.add_argument("--dry-run", action="store_true", help="say what would be done to webhooks")
    slack = platforms.add_parser("slack", help="print the app's manifest and a link that fills it in")
    slack.add_argument("--name", default="Trellis", help="what the app is called")
    slack.add_argument("--socket", action="store_true", help="with Socket Mode, though there is a public address")

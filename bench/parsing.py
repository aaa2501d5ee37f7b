"""One command line read: by the grammar, and by shlex and argparse with the same options and the same values."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from bench.figures import Figure, Unit, at_least, p50
from grammar.commands import VERBS, Command, Product, Slot, option_of
from grammar.mistakes import Mistake
from grammar.parse import parse_line

LINES = (
    "/ivy create",
    "/ivy create demo",
    "/ivy create feature/login --ttl 8h",
    "/ivy create shop:main --name demo --size large -- --only web api",
    '/ivy create --tilt-args "--only web" --ttl 1d12h',
    "/ivy update demo-x7k2qa --sha 4fd1c0e",
    "/ivy extend demo-x7k2qa 8h",
    "/ivy extend demo-x7k2qa 2d --reason review with the client",
    '/ivy extend #12 --until "fri 18:00"',
    "/ivy terminate demo-x7k2qa --force",
    "/ivy restart #12 web",
    "/ivy status",
    "/ivy list --mine",
    "/ivy logs demo-x7k2qa --service web --tail 100",
    "/ivy why #12",
    "/ivy help create",
)


@dataclass(frozen=True)
class Size:
    """Rounds, and how often each of them reads all lines."""

    rounds: int = 30
    times: int = 60


TINY = Size(1, 1)


async def run(size: Size = Size()) -> Sequence[Figure]:
    peer = Peer()
    for line in LINES:
        assert not isinstance(parse_line(line), Mistake), line
        peer.parse_line(line)
    ours, theirs = [], []
    for _ in range(size.rounds):
        ours.append(_microseconds_each(parse_line, size.times))
        theirs.append(_microseconds_each(peer.parse_line, size.times))
    return (Figure("one command line", p50(ours), Unit.MICROSECONDS, "shlex + argparse", p50(theirs), at_least(1.3), is_speed=True),)


def _microseconds_each(parse: Callable[[str], Any], times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        for line in LINES:
            parse(line)
    return (perf_counter() - began) * 1e6 / (times * len(LINES))


class Peer:
    """What a bot without a grammar does. It says less of a mistake and knows nothing of places, quotes and dashes from a phone."""

    def __init__(self) -> None:
        self._parser = argparse.ArgumentParser(prog="/ivy", exit_on_error=False)
        commands = self._parser.add_subparsers(dest="verb", required=True)
        for command in dict.fromkeys(VERBS[Product.IVY].values()):
            _add(commands.add_parser(command.verb, aliases=command.aliases), command)

    def parse_line(self, line: str) -> argparse.Namespace:
        _, *words = shlex.split(line)
        own, arguments = words, None
        if "--" in words:
            at = words.index("--")
            own, arguments = words[:at], words[at + 1 :]
        found = self._parser.parse_args(own)
        if arguments is not None:
            found.tilt_args = tuple(arguments)
        return found


def _add(parser: argparse.ArgumentParser, command: type[Command]) -> None:
    for name, slot in command.slots().items():
        if slot.is_positional:
            parser.add_argument(name, nargs="?", type=_type(slot))
        if not slot.is_option:
            continue
        if slot.kind is None:
            parser.add_argument(option_of(name), action="store_true")
        elif slot.kind.name == "text":
            parser.add_argument(option_of(name), nargs="+")
        else:
            parser.add_argument(option_of(name), type=_type(slot), dest=name)


def _type(slot: Slot) -> Callable[[str], Any]:
    return slot.kind.read if slot.kind else str

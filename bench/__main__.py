"""`python -m bench [--json] [NAME …]`: measure, and show it. Fails only when a bench broke, not when an aim is missed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from rich.console import Console

from bench import address, ingest, parsing, reply, ring
from bench.figures import CannotRun, Figure, Outcome
from bench.table import as_json, show

BENCHES: dict[str, Callable[[], Awaitable[Sequence[Figure]]]] = {
    "parse": parsing.run,
    "ingest": ingest.run,
    "reply": reply.run,
    "ring": ring.run,
    "address": address.run,
}
_LONGEST_S = 45.0


async def measure(name: str, run: Callable[[], Awaitable[Sequence[Figure]]]) -> Outcome:
    began = perf_counter()
    try:
        async with asyncio.timeout(_LONGEST_S):
            figures = await run()
    except CannotRun as why:
        return Outcome(name, perf_counter() - began, missing=str(why))
    except Exception as error:  # noqa: BLE001 - the others are still worth running
        return Outcome(name, perf_counter() - began, broken=f"{type(error).__name__}: {error}")
    return Outcome(name, perf_counter() - began, figures)


async def bench(names: Sequence[str], tell: Console) -> list[Outcome]:
    outcomes = []
    for name in names:
        with tell.status(f"measuring {name}"):
            outcomes.append(await measure(name, BENCHES[name]))
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast Trellis is, beside its peers in the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *BENCHES], help=f"only these of {', '.join(BENCHES)}")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args()
    outcomes = _run(args.names or list(BENCHES))
    if args.json:
        print(as_json(outcomes))
    else:
        show(outcomes, Console())
    sys.exit(any(outcome.broken for outcome in outcomes))


def _run(names: Sequence[str]) -> list[Outcome]:
    with asyncio.Runner(loop_factory=_loop()) as runner:
        return runner.run(bench(names, Console(stderr=True)))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()

"""`python -m bench [--json] [NAME …]`: measure, and show it. Fails when a bench broke, not when an aim is missed."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from rich.console import Console

from bench import account, address, claims, deploy, due, feeds, ingest, pages, paint, parsing, quota, render, reply, ring, traefik
from bench.figures import CannotRun, Figure, Outcome
from bench.table import as_json, show

Run = Callable[[], Awaitable[Sequence[Figure]]]

BENCHES: dict[str, Run] = {
    "parse": parsing.run,
    "ingest": ingest.run,
    "render": render.run,
    "reply": reply.run,
    "ring": ring.run,
    "address": address.run,
    "deploy": deploy.run,
    "pages": pages.run,
    "paint": paint.run,
    "traefik": traefik.run,
    "account": account.run,
    "due": due.run,
    "due-postgres": due.run_postgres,
    "quota": quota.run,
    "quota-postgres": quota.run_postgres,
    "claims": claims.run,
    "claims-postgres": claims.run_postgres,
    "feeds": feeds.run,
}
_LONGEST_S = 40.0
_LONGER_S = {
    "deploy": 600.0,
    "due": 240.0,
    "due-postgres": 240.0,
    "quota": 240.0,
    "quota-postgres": 240.0,
    "claims-postgres": 90.0,
    "paint": 90.0,
    "traefik": 90.0,
    "account": 120.0,
    "feeds": 180.0,
}
_LONGEST_OF_ALL_S = 1180.0


async def measure(name: str, run: Run, within_s: float = _LONGEST_S) -> Outcome:
    began = perf_counter()

    def took_s() -> float:
        return perf_counter() - began

    try:
        async with asyncio.timeout(within_s) as limit:
            figures = await run()
    except CannotRun as why:
        return Outcome(name, took_s(), missing=str(why))
    except Exception as error:  # noqa: BLE001 - the others are still worth running
        reason = f"it took longer than {within_s:.0f} s" if limit.expired() else f"{type(error).__name__}: {error}"
        return Outcome(name, took_s(), broken=reason)
    return Outcome(name, took_s(), figures)


async def measure_all(names: Sequence[str], tell: Console) -> list[Outcome]:
    began = perf_counter()
    outcomes = []
    for name in names:
        left_s = max(0.0, began + _LONGEST_OF_ALL_S - perf_counter())
        with tell.status(f"measuring {name}"):
            outcomes.append(await measure(name, BENCHES[name], min(_LONGER_S.get(name, _LONGEST_S), left_s)))
    return outcomes


def exit_code(outcomes: Sequence[Outcome]) -> int:
    return int(any(outcome.broken for outcome in outcomes))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast Trellis is, beside its peers in the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(BENCHES)}")
    parser.add_argument("--json", action="store_true", help="for programs")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in BENCHES]:
        parser.error(f"there is no bench {unknown[0]}: say one of {', '.join(BENCHES)}")
    with asyncio.Runner(loop_factory=_loop()) as runner:
        outcomes = runner.run(measure_all(args.names or list(BENCHES), Console(stderr=True)))
    if args.json:
        print(as_json(outcomes))
    else:
        show(outcomes, Console())
    sys.exit(exit_code(outcomes))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()

"""The benches run, each once and tiny, and what they show is what was measured."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from bench import (
    account,
    address,
    claims,
    databases,
    deploy,
    due,
    feeds,
    hooks,
    ingest,
    pages,
    paint,
    parsing,
    parts,
    quota,
    render,
    reply,
    ring,
    traefik,
)
from bench.__main__ import BENCHES, exit_code, measure
from bench.figures import CannotRun, Figure, Outcome, Unit, at_least, at_most, p50, p95, p99
from bench.load import NotAccepted, requests_a_second
from bench.table import as_json, show
from bot.chats import github_wire
from bot.domain.message import Said
from bot.domain.project import ForgeKind, Project
from grammar.mistakes import Mistake
from grammar.parse import parse_line
from processes import nursery

Measured = list[tuple[str, Unit, str]]

TINY: dict[str, tuple[Callable[[], Awaitable[Sequence[Figure]]], Measured]] = {
    "parse": (lambda: parsing.run(parsing.TINY), [("one command line", Unit.MICROSECONDS, "shlex + argparse")]),
    "ingest": (
        lambda: ingest.run(ingest.TINY),
        [
            ("comments taken, durable", Unit.PER_SECOND, "the same server, only verifying"),
            ("comments taken, durable", Unit.PER_SECOND, "FastAPI, one ORM commit for each"),
        ],
    ),
    "render": (
        lambda: render.run(render.TINY),
        [
            ("a service rendered by deploy.py", Unit.MILLISECONDS, "python -c pass"),
            ("a service rendered by deploy.py", Unit.MILLISECONDS, "lightkube imported"),
        ],
    ),
    "reply": (
        lambda: reply.run(reply.TINY),
        [
            ("comment → first reply, p50", Unit.MILLISECONDS, "one bare PyGithub call to react"),
            ("comment → first reply, p99", Unit.MILLISECONDS, "one bare PyGithub call to react"),
        ],
    ),
    "ring": (
        lambda: ring.run(ring.TINY),
        [
            ("ring → start, idle, p50", Unit.MILLISECONDS, "arq as it comes"),
            ("of a core while idle", Unit.PERCENT, "arq as it comes"),
        ],
    ),
    "address": (
        lambda: address.run(address.TINY),
        [("comment → address answers", Unit.MILLISECONDS, "a script: clone, check out, start")],
    ),
    "deploy": (
        lambda: deploy.run(deploy.TINY),
        [
            ("a deploy, 2 at once, p95", Unit.MILLISECONDS, "python deploy.py, 2 at once"),
            ("added to a deploy with nothing to change", Unit.MILLISECONDS, "python deploy.py"),
        ],
    ),
    "pages": (
        lambda: pages.run(pages.TINY),
        [
            (f"{name}, 60 environments, p50", Unit.MILLISECONDS, beside)
            for name in ("mine", "everybody's", "the past", "a search")
            for beside in ("the same with 50", "the same bytes, made before")
        ],
    ),
    "paint": (
        lambda: paint.run(paint.TINY),
        [(f"first paint, {name}, 60 environments, p50", Unit.MILLISECONDS, "the same with 50") for name in ("mine", "everybody's")],
    ),
    "traefik": (
        lambda: traefik.run(traefik.TINY),
        [
            ("configuration, 60 environments, made anew, p50", Unit.MILLISECONDS, "its rows read, its JSON written"),
            ("configuration, 60 environments, nothing happened, p50", Unit.MILLISECONDS, "one question to the database"),
        ],
    ),
    "account": (
        lambda: account.run(account.TINY),
        [("a look at 60 instances in pages of 500, p50", Unit.MILLISECONDS, "the pages read by boto3")],
    ),
    "due": (lambda: due.run(due.TINY), [("what is due, at best (SQLite), 2,000 not", Unit.MILLISECONDS, "200 not")]),
    "due-postgres": (lambda: due.run_postgres(due.TINY), [("what is due, at best (PostgreSQL), 2,000 not", Unit.MILLISECONDS, "200 not")]),
    "quota": (
        lambda: quota.run(quota.TINY),
        [("creates at once, quota 4 of 12 kept (SQLite)", Unit.PER_SECOND, "as many transactions of one row")],
    ),
    "quota-postgres": (
        lambda: quota.run_postgres(quota.TINY),
        [("creates at once, quota 4 of 12 kept (PostgreSQL)", Unit.PER_SECOND, "as many transactions of one row")],
    ),
    "claims": (
        lambda: claims.run(claims.TINY),
        [("claims of 6 spares by 15 at once (SQLite)", Unit.PER_SECOND, "bare UPDATEs of as many rows")],
    ),
    "claims-postgres": (
        lambda: claims.run_postgres(claims.TINY),
        [("claims of 6 spares by 15 at once (PostgreSQL)", Unit.PER_SECOND, "bare UPDATEs of as many rows")],
    ),
    "feeds": (
        lambda: feeds.run(feeds.TINY),
        [
            measured
            for to in ("to 1 environment", "to 2 environments")
            for measured in (
                (f"trades heard, {to}", Unit.PER_SECOND, "bare decode + publish"),
                (f"trades heard, {to}", Unit.PER_SECOND, "a connection for each"),
                (f"socket → environment, {to}, p50", Unit.MILLISECONDS, "bare decode + publish"),
                (f"socket → environment, {to}, p99", Unit.MILLISECONDS, "bare decode + publish"),
                (f"socket → environment, {to}, p99", Unit.MILLISECONDS, "a connection for each"),
            )
        ],
    ),
}


def test_every_bench_has_its_tiny_run_here() -> None:
    assert list(TINY) == list(BENCHES)


@pytest.fixture
def leaves_nothing() -> Iterator[None]:
    """Nobody who bears our mark, or has to do with one of our folders, is there at the end, nor is such a folder."""
    yield
    left = [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and any(parts.MARK in word for word in _words(process))
        if not _lives_as_long_as_we(process)
    ]
    _, alive = psutil.wait_procs(left, timeout=30)
    assert alive == []
    assert list(Path(tempfile.gettempdir()).glob(f"{parts.MARK}-*")) == []


def _lives_as_long_as_we(process: psutil.Process) -> bool:
    """What multiprocessing keeps, and the one process that wardens are forked from: they end with this one."""
    try:
        is_nursery = process.ppid() == os.getpid() and process.environ().get(nursery.VARIABLE) == nursery.own_name()
        return is_nursery or any("multiprocessing" in word for word in process.cmdline())
    except psutil.Error:
        return True


def _words(process: psutil.Process) -> list[str]:
    try:
        return [*process.cmdline(), *process.environ().values(), process.cwd()]
    except (psutil.Error, OSError):
        return []  # somebody else's, or gone


@pytest.mark.long
@pytest.mark.usefixtures("leaves_nothing")
@pytest.mark.parametrize("name", TINY)
async def test_it_measures_and_leaves_nothing_running(name: str) -> None:
    run, expected = TINY[name]
    try:
        figures = await run()
    except CannotRun as why:
        pytest.skip(str(why))
    assert [(each.name, each.unit, each.beside) for each in figures] == expected
    assert all(each.ours > 0 and each.theirs is not None and each.theirs > 0 for each in figures)


@pytest.mark.long
async def test_what_is_due_costs_the_same_however_much_is_not() -> None:
    """Beside itself in the same run: without its indices two hundred times the rows take many times as long."""
    took = await due.measure(databases.sqlite(), due.Size((1_000, 200_000), 20))
    assert took[200_000] < 3 * took[1_000]


@pytest.mark.parametrize("claimed", [["a", "a"], ["a"], ["a", "b", "c"], []])
def test_a_spare_that_two_have_or_nobody_is_no_rate(claimed: list[str]) -> None:
    claims.check(["a", "b"], claims.Size(spares=2, askers=5))
    with pytest.raises(claims.Doubled):
        claims.check(claimed, claims.Size(spares=2, askers=5))


@pytest.mark.parametrize("line", parsing.LINES)
def test_both_parsers_read_the_same_of_a_line(line: str) -> None:
    command = parse_line(line)
    assert not isinstance(command, Mistake)
    theirs = vars(parsing.Peer().parse_line(line))
    same = {name: getattr(command, name) for name in command.slots() if name not in {"branch", "project", "reason"}}
    assert {name: theirs.get(name) for name in same} == same


def test_no_two_comments_are_the_same_and_each_is_signed_and_meant() -> None:
    found = [_said(request) for request in hooks.Comments().requests(3)]
    assert len({each.key for each in found}) == 3
    assert {each.text for each in found} == {"Looks good to me. Let us see it run:\n\n/ivy create --ttl 8h\n"}


def _said(request: bytes) -> Said:
    head, _, body = request.partition(b"\r\n\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.decode().split("\r\n")[1:])}
    assert (int(headers["content-length"]), len(body)) == (len(body), hooks.BYTES)
    github_wire.verify(headers, body, secret=hooks.SECRET, now=0)
    [said] = github_wire.parse(headers, body, {"42": Project("shop", ForgeKind.GITHUB, "42", "acme/shop", "/nowhere")})
    assert isinstance(said, Said)
    return said


async def test_a_load_that_is_refused_is_no_rate() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotAccepted, match=r"^HTTP/1\.1 503 Service Unavailable$"):
            await requests_a_second(port, [b"GET / HTTP/1.1\r\n\r\n"] * 3, 2)


def test_an_aim_is_for_the_ratio_or_for_the_value() -> None:
    faster = Figure("", 10, Unit.MICROSECONDS, "peer", 13, at_least(1.3), is_speed=True)
    slower = Figure("", 10, Unit.MICROSECONDS, "peer", 12.9, at_least(1.3), is_speed=True)
    quick = Figure("", 50, Unit.MILLISECONDS, "floor", 1, at_most(50))
    late = Figure("", 50.1, Unit.MILLISECONDS, "floor", 1, at_most(50))
    longer = Figure("", 301, Unit.MILLISECONDS, "script", 200, at_most(1.5, is_ratio=True))
    unaimed = Figure("", 1, Unit.PERCENT)
    assert [each.is_met for each in (faster, slower, quick, late, longer, unaimed)] == [True, False, True, False, False, None]
    assert [each.ratio for each in (faster, quick, unaimed)] == [1.3, 50, None]


def test_the_middle_and_the_end_of_what_was_measured() -> None:
    two_hundred = list(range(1, 201))
    assert (p50([3, 1, 2]), p95(two_hundred), p99(two_hundred), p99([7.0])) == (2, 190, 198, 7)


async def test_only_what_broke_fails_the_run() -> None:
    async def missing() -> Sequence[Figure]:
        raise CannotRun("there is no curl on PATH")

    async def broken() -> Sequence[Figure]:
        raise NotAccepted("HTTP/1.1 500 Internal Server Error")

    async def endless() -> Sequence[Figure]:
        await asyncio.Event().wait()
        return ()

    async def slow() -> Sequence[Figure]:
        return (Figure("slow", 2, Unit.PER_SECOND, "peer", 4, at_least(0.9)),)

    without = [await measure("a", missing), await measure("b", slow)]
    assert ([each.missing for each in without], exit_code(without)) == (["there is no curl on PATH", ""], 0)
    failed = [await measure("c", broken), await measure("d", endless, within_s=0.0)]
    assert [each.broken for each in failed] == ["NotAccepted: HTTP/1.1 500 Internal Server Error", "it took longer than 0 s"]
    assert [exit_code([*without, each]) for each in failed] == [1, 1]


OUTCOMES = [
    Outcome(
        "ingest",
        2.5,
        (
            Figure("taken", 4000.4, Unit.PER_SECOND, "verifying", 8000.8, at_least(0.5)),
            Figure("taken", 4000.4, Unit.PER_SECOND, "ORM", 1000.1, at_least(5)),
        ),
    ),
    Outcome("ring", 1.0, (Figure("idle", 0.25, Unit.PERCENT),)),
    Outcome("address", 0.1, missing="there is no curl on PATH"),
    Outcome("reply", 0.1, broken="NotUp: [/bold] nobody answers"),
]


def test_the_table_says_each_figure_beside_its_peer() -> None:
    page = io.StringIO()
    show(OUTCOMES, Console(file=page, width=150, color_system=None))
    rows = [" ".join(line.split()) for line in page.getvalue().splitlines() if line.strip(" ─")]
    assert rows == [
        "measured Trellis beside it, in the same run ratio aim",
        "ingest taken 4,000 /s verifying 8,001 /s 0.5 × ≥ 0.5 × ✓",
        "4,000 /s ORM 1,000 /s 4 × ≥ 5 × ✗",
        "ring idle 0.25 %",
        "address not measured: there is no curl on PATH",
        "reply broke: NotUp: [/bold] nobody answers",
    ]


def test_programs_get_the_same_as_json() -> None:
    first, *others = json.loads(as_json(OUTCOMES))
    assert first["figures"][0] == {
        "name": "taken",
        "ours": 4000.4,
        "unit": "/s",
        "beside": "verifying",
        "theirs": 8000.8,
        "aim": {"bound": 0.5, "is_least": True, "is_ratio": True},
        "is_speed": False,
        "ratio": 0.5,
        "is_met": True,
    }
    assert [(each["bench"], each["missing"], each["broken"]) for each in others] == [
        ("ring", "", ""),
        ("address", "there is no curl on PATH", ""),
        ("reply", "", "NotUp: [/bold] nobody answers"),
    ]


def test_an_unknown_name_is_said() -> None:
    ran = subprocess.run([sys.executable, "-m", "bench", "speed"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        2,
        f"python -m bench: error: there is no bench speed: say one of {', '.join(BENCHES)}",
    )

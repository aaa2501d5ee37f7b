"""What is written well becomes a typed command, each word in its place."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from grammar.commands import (
    Cancel,
    Command,
    Config,
    Create,
    EnvironmentName,
    Extend,
    Help,
    List,
    Logs,
    Restart,
    Retry,
    Size,
    SledHelp,
    SledWhoami,
    Status,
    Terminate,
    Until,
    Update,
    Url,
    Whoami,
    Why,
)
from grammar.parse import parse_line

DEMO = EnvironmentName("demo", slug="demo")
TWELVE = EnvironmentName("#12", request=12)
HOUR = 3600
DAY = 24 * HOUR

ROWS: list[tuple[str, Command]] = [
    # every command, bare and with all it takes
    ("/ivy create", Create()),
    ("/ivy create feature/login", Create(branch="feature/login")),
    (
        '/ivy create shop:main --name demo --tilt-args "--only web" --ttl 48h --size large',
        Create(branch="main", project="shop", name="demo", tilt_args=("--only", "web"), ttl=48 * HOUR, size=Size.LARGE),
    ),
    ("/ivy create main --project acme/shop", Create(branch="main", project="acme/shop")),
    (
        "/ivy create --profile fast --service web,api,web --seed orders --dry-run",
        Create(profile="fast", service=("web", "api"), seed="orders", dry_run=True),
    ),
    ("/ivy config", Config()),
    ("/ivy config #12", Config(env=TWELVE)),
    ("/ivy update", Update()),
    (
        "/ivy update demo --sha 4FD1c0e --size small -- --only web",
        Update(env=DEMO, sha="4fd1c0e", size=Size.SMALL, tilt_args=("--only", "web")),
    ),
    ("/ivy update #12 --seed orders", Update(env=TWELVE, seed="orders")),
    (f"/ivy update --sha {'ab' * 20}", Update(sha="ab" * 20)),
    ("/ivy extend", Extend()),
    ("/ivy extend demo", Extend(env=DEMO)),
    ("/ivy extend 24h", Extend(duration=DAY)),
    ("/ivy extend #12 24h", Extend(env=TWELVE, duration=DAY)),
    ("/ivy extend 24h --reason x", Extend(duration=DAY, reason="x")),
    ("/ivy extend 24h-x7k2qa", Extend(env=EnvironmentName("24h-x7k2qa", slug="24h-x7k2qa"))),
    ('/ivy extend --until "fri 18:00"', Extend(until=Until("fri 18:00", clock=time(18), weekday=4))),
    ("/ivy extend --until 9:30", Extend(until=Until("9:30", clock=time(9, 30)))),
    (
        "/ivy extend demo --until 2030-01-31T18:00",
        Extend(env=DEMO, until=Until("2030-01-31T18:00", at=datetime(2030, 1, 31, 18))),  # noqa: DTZ001 - as it was typed
    ),
    ("/ivy terminate", Terminate()),
    ("/ivy terminate demo --force", Terminate(env=DEMO, force=True)),
    ("/ivy destroy demo", Terminate(env=DEMO)),
    ("/ivy restart", Restart()),
    ("/ivy restart demo", Restart(env=DEMO)),
    ("/ivy restart demo web", Restart(env=DEMO, service="web")),
    ("/ivy restart --service web", Restart(service="web")),
    ("/ivy restart demo --new-key", Restart(env=DEMO, new_key=True)),
    ("/ivy status #12", Status(env=TWELVE)),
    ("/ivy list", List()),
    ("/ivy list --mine", List(mine=True)),
    ("/ivy list --all", List(all=True)),
    ("/ivy list --expiring", List(expiring=True)),
    ("/ivy logs demo web --tail 50", Logs(env=DEMO, service="web", tail=50)),
    ("/ivy logs demo --service=web", Logs(env=DEMO, service="web")),
    ("/ivy url !7", Url(env=EnvironmentName("!7", request=7))),
    ("/ivy why acme/shop#12", Why(env=EnvironmentName("acme/shop#12", request=12, project="acme/shop"))),
    ("/ivy cancel demo", Cancel(env=DEMO)),
    ("/ivy retry demo", Retry(env=DEMO)),
    ("/ivy help", Help()),
    ("/ivy help Create", Help(command="create")),
    ("/ivy help destroy", Help(command="terminate")),
    ("/ivy whoami", Whoami()),
    ("/sled help", SledHelp()),
    ("/sled whoami", SledWhoami()),
    # the prefix and the verb in any case, spaces anywhere
    ("/IVY List", List()),
    ("   /ivy \t list   --mine  ", List(mine=True)),
    # names of environments
    ("/ivy status Demo-X7", Status(env=EnvironmentName("Demo-X7", slug="demo-x7"))),
    ("/ivy status shop!3", Status(env=EnvironmentName("shop!3", request=3, project="shop"))),
    # the place of a word decides its type
    ("/ivy create 24h", Create(branch="24h")),
    ("/ivy create create", Create(branch="create")),
    ("/ivy create #12", Create(branch="#12")),
    # durations
    ("/ivy extend 45m", Extend(duration=45 * 60)),
    ("/ivy extend 2d", Extend(duration=2 * DAY)),
    ("/ivy extend 1w", Extend(duration=7 * DAY)),
    ("/ivy extend 1d12h", Extend(duration=36 * HOUR)),
    ("/ivy extend 1w2d3h4m", Extend(duration=9 * DAY + 3 * HOUR + 4 * 60)),
    # quotes
    ('/ivy create "feature/a"', Create(branch="feature/a")),
    ("/ivy create 'feature/a'", Create(branch="feature/a")),
    (r'/ivy extend --reason "say \"hi\" to C:\\dir \n"', Extend(reason=r'say "hi" to C:\dir \n')),
    (r"/ivy extend --reason 'C:\dir \"'", Extend(reason=r"C:\dir \"")),
    ('/ivy extend --reason="it\'s fine"', Extend(reason="it's fine")),
    ("/ivy extend --reason don't panic", Extend(reason="don't panic")),
    # a sentence goes on to the next option
    (
        "/ivy extend 2h --reason the client - she looks = tomorrow --until 18:00".replace("2h ", ""),
        Extend(reason="the client - she looks = tomorrow", until=Until("18:00", clock=time(18))),
    ),
    # a value that begins with a dash follows `=` or is quoted
    ("/ivy extend --reason=-5 degrees", Extend(reason="-5 degrees")),
    ('/ivy extend --reason "--ttl"', Extend(reason="--ttl")),
    # arguments for Tilt
    ("/ivy create -- --only web api", Create(tilt_args=("--only", "web", "api"))),
    ("/ivy create -- --only=\"web api\" 'x y' -- --ttl 4h =", Create(tilt_args=("--only=web api", "x y", "--", "--ttl", "4h", "="))),
    ("/ivy create --tilt-args \"--only='web api' -v\"", Create(tilt_args=("--only=web api", "-v"))),
    ("/ivy create --tilt-args=--only", Create(tilt_args=("--only",))),
    ("/ivy create --", Create(tilt_args=())),
    ('/ivy create --tilt-args ""', Create(tilt_args=())),
    # nothing is expanded: hostile words stay data
    ("/ivy create -- $(id) `id` ;rm ${HOME} *", Create(tilt_args=("$(id)", "`id`", ";rm", "${HOME}", "*"))),
    ("/ivy create $HOME;ls|x", Create(branch="$HOME;ls|x")),
    # what phones and word processors make of it
    ("/ivy create —ttl 4h", Create(ttl=4 * HOUR)),
    ("/ivy create –ttl=“4h”", Create(ttl=4 * HOUR)),
    ("/ivy create\u00a0demo\u200b", Create(branch="demo")),
    ("/ivy extend --reason “it’s ok”", Extend(reason="it’s ok")),
    ("/ivy create --tilt-args “—only web”", Create(tilt_args=("--only", "web"))),
    ("/ivy create a—b", Create(branch="a—b")),
]


@pytest.mark.parametrize(("line", "command"), ROWS, ids=[line for line, _ in ROWS])
def test_a_line_is_the_command_it_says(line: str, command: Command) -> None:
    assert parse_line(line) == command


def test_a_command_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Create().branch = "main"  # type: ignore[misc]

"""What a repository may say of its environments, and how it is told what is wrong where."""

from __future__ import annotations

import pytest

from bot.domain import devenv
from bot.domain.devenv import ConfigProblem, DevEnv, ServiceConfig
from bot.domain.devenv_choice import Allowed, NotThere, choose
from bot.domain.environment import Size
from bot.domain.service_config import Wishes

WHOLE = "{version: 1, services: {web: {run: python3 app.py}}}"


def read(text: str) -> DevEnv | tuple[ConfigProblem, ...]:
    return devenv.read(text.encode(), None)


def problems(text: str) -> list[tuple[str, int, int, str]]:
    """Code, line, column and suggestion of each problem; fails when the file is taken."""
    found = read(text)
    assert isinstance(found, tuple), found
    assert all(not problem.message.endswith(".") and "`" not in problem.message and "\n" not in problem.message for problem in found)
    return [(problem.code, problem.line, problem.column, problem.suggestion) for problem in found]


def service(words: str) -> str:
    """A file with one service `web`, whose words begin on line 4."""
    return "version: 1\nservices:\n  web:\n" + "".join(f"    {line}\n" for line in words.splitlines())


def test_every_word_of_a_service_arrives() -> None:
    text = """\
# how a branch is shown
version: 1
services:
  web:
    run: python3 app.py --port $PORT
    port: 8000
    health: /health
    env:
      DEBUG: "1"
      RATIO: 1.10
      MODE: 0750
      IS_LOUD: yes
      IS_ON: True
      _EMPTY: ""
    build: |
      make assets
      make index
  worker: {run: [python3, -m, app worker], env: {}}
  api: {run: ./api, port: 0x1F90}
  queue: {run: ./queue, port: 9000, health: false}
  cron: {run: ./cron, health: /up?deep=1}
"""
    env = (("DEBUG", "1"), ("RATIO", "1.10"), ("MODE", "0750"), ("IS_LOUD", "yes"), ("IS_ON", "True"), ("_EMPTY", ""))
    assert read(text) == DevEnv(
        (
            ServiceConfig("web", "python3 app.py --port $PORT", 8000, "/health", env, "make assets\nmake index"),
            ServiceConfig("worker", "python3 -m 'app worker'"),
            ServiceConfig("api", "./api", 8080, "/"),
            ServiceConfig("queue", "./queue", 9000, None),
            ServiceConfig("cron", "./cron", None, "/up?deep=1"),
        ),
        ".dev-env.yaml",
    )


@pytest.mark.parametrize(
    ("words", "health"),
    [
        ("run: x", "/"),
        ("run: x\nhealth: false", None),
        ("run: x\nhealth: null", None),
        ("run: x\nhealth:", None),
        ("run: x\nhealth: /a", "/a"),
    ],
)
def test_the_first_service_is_probed_at_its_root_unless_it_says_otherwise(words: str, health: str | None) -> None:
    assert read(service(words)) == DevEnv((ServiceConfig("web", "x", None, health),), ".dev-env.yaml")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_endings_and_a_byte_order_mark_do_not_matter(ending: str, bom: str) -> None:
    text = bom + service("run: x\nprot: 1").replace("\n", ending)
    assert problems(text) == [("unknown_key", 5, 5, "port")]
    assert read(bom + service("run: x").replace("\n", ending)) == DevEnv((ServiceConfig("web", "x", None, "/"),), ".dev-env.yaml")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run: x\nprot: 1", ("unknown_key", 5, 5, "port")),
        ("run: x\nHealth: /", ("unknown_key", 5, 5, "health")),
        ("command: x\nrun: x", ("unknown_key", 4, 5, "run")),
        ("run: x\nenvironment: {}", ("unknown_key", 5, 5, "env")),
        ("run: x\nzzz: 1", ("unknown_key", 5, 5, "")),
        ("run: x\n1: 1", ("unknown_key", 5, 5, "")),
        ("run: x\nnull: 1", ("unknown_key", 5, 5, "")),
        ("run: x\nport: 0", ("out_of_range", 5, 11, "port: 8000")),
        ("run: x\nport: 65536", ("out_of_range", 5, 11, "port: 8000")),
        ("run: x\nport: -1", ("out_of_range", 5, 11, "port: 8000")),
        ("run: x\nport: " + "9" * 9000, ("out_of_range", 5, 11, "port: 8000")),
        ("run: x\nport: 0x" + "f" * 9000, ("out_of_range", 5, 11, "port: 8000")),
        ("run: x\nport: true", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: 80.5", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: 1e3", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: .inf", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: .NaN", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: 22:22", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: 8_080", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: '9090'", ("wrong_type", 5, 11, "port: 9090")),
        ("run: x\nport: 0b11", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: ٨٠", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport: [80]", ("wrong_type", 5, 11, "port: 8000")),
        ("run: x\nport:", ("wrong_type", 5, 5, "port: 8000")),
        ("port: 80", ("missing_key", 3, 3, "run: python3 app.py")),
        ("run:", ("empty", 4, 5, "run: python3 app.py")),
        ("run: '  '", ("empty", 4, 10, "run: python3 app.py")),
        ("run: []", ("empty", 4, 10, "run: python3 app.py")),
        ("run: ['', a]", ("empty", 4, 10, "run: python3 app.py")),
        ("run: [a, [b]]", ("wrong_type", 4, 10, "run: python3 app.py")),
        ("run: [a, ~]", ("wrong_type", 4, 10, "run: python3 app.py")),
        ("run: {a: b}", ("wrong_type", 4, 10, "run: python3 app.py")),
        ("run: 12", ("wrong_type", 4, 10, "run: python3 app.py")),
        ('run: "a\\0b"', ("not_text", 4, 10, "")),
        ('run: "a\\ud800b"', ("not_text", 4, 10, "")),
        ('run: "a\\e[2J"', ("not_text", 4, 10, "")),
        ("run: " + "é" * 2049, ("too_big", 4, 10, "")),
        ("run: x\nbuild: ''", ("empty", 5, 12, "build: python3 app.py")),
        ("run: x\nhealth: health", ("bad_path", 5, 13, "health: /health")),
        ("run: x\nhealth: http://evil.example/", ("bad_path", 5, 13, "health: /http://evil.example/")),
        ("run: x\nhealth: /a b", ("bad_path", 5, 13, "health: /health")),
        ('run: x\nhealth: "/a\\r\\nHost: b"', ("bad_path", 5, 13, "health: /health")),
        ("run: x\nhealth: '/a#b'", ("bad_path", 5, 13, "health: /health")),
        ("run: x\nhealth: true", ("wrong_type", 5, 13, "health: /health")),
        ("run: x\nhealth: 200", ("wrong_type", 5, 13, "health: /health")),
        ("run: x\nenv: [A=b]", ("wrong_type", 5, 10, 'env: {DEBUG: "1"}')),
        ("run: x\nenv: A=b", ("wrong_type", 5, 10, 'env: {DEBUG: "1"}')),
        ("run: x\nenv: {debug-mode: 1}", ("bad_name", 5, 11, "DEBUG_MODE")),
        ("run: x\nenv: {1A: 1}", ("bad_name", 5, 11, "A")),
        ("run: x\nenv: {PORT: 1}", ("reserved_name", 5, 11, "")),
        ("run: x\nenv: {A: ~}", ("wrong_type", 5, 14, 'A: ""')),
        ("run: x\nenv: {A: [1]}", ("wrong_type", 5, 14, 'A: ""')),
        ('run: x\nenv: {A: "\\0"}', ("not_text", 5, 14, "")),
        ('run: x\nenv: {A: "\\udfff"}', ("not_text", 5, 14, "")),
        ("run: x\nenv: {A: " + "x" * 4097 + "}", ("too_big", 5, 14, "")),
    ],
)
def test_a_mistake_in_a_service_is_told_with_its_place_and_the_nearest_right_thing(words: str, expected: tuple[str, int, int, str]) -> None:
    assert problems(service(words)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("no_services", 1, 1, WHOLE)),
        ("# nothing\n", ("no_services", 1, 1, WHOLE)),
        ("---\n", ("no_services", 1, 1, WHOLE)),
        ("just words", ("wrong_type", 1, 1, WHOLE)),
        ("- a", ("wrong_type", 1, 1, WHOLE)),
        ("version: 1", ("no_services", 1, 1, WHOLE[13:-1])),
        ("version: 1\nservices:", ("no_services", 2, 1, WHOLE[13:-1])),
        ("version: 1\nservices: {}", ("no_services", 2, 11, WHOLE[13:-1])),
        ("version: 1\nservices: [web]", ("wrong_type", 2, 11, WHOLE[13:-1])),
        ("version: 1\nservices: {web: python3 app.py}", ("wrong_type", 2, 17, "{run: python3 app.py}")),
        ("version: 1\nservices: {web: }", ("wrong_type", 2, 12, "")),
        ("services: {web: {run: x}}", ("missing_key", 1, 1, "version: 1")),
        ("version: 2\nservices: {web: {run: x}}", ("unknown_version", 1, 10, "version: 1")),
        ("version: '1'\nservices: {web: {run: x}}", ("wrong_type", 1, 10, "version: 1")),
        ("version: true\nservices: {web: {run: x}}", ("wrong_type", 1, 10, "version: 1")),
        ("version: 1.0\nservices: {web: {run: x}}", ("wrong_type", 1, 10, "version: 1")),
        ("version: 1\nservice: {}\nservices: {web: {run: x}}", ("unknown_key", 2, 1, "services")),
        ("version: 1\nservices: {Web_App: {run: x}}", ("bad_name", 2, 12, "web-app")),
        ("version: 1\nservices: {a--b: {run: x}}", ("bad_name", 2, 12, "a-b")),
        ("version: 1\nservices: {web-: {run: x}}", ("bad_name", 2, 12, "web")),
        ("version: 1\nservices: {9: {run: x}}", ("bad_name", 2, 12, "")),
        ("version: 1\nservices: {aaaaaaaaaaaaaaaaaaaaa: {run: x}}", ("bad_name", 2, 12, "a" * 20)),
        ("version: 1\nservices: {../../etc: {run: x}}", ("bad_name", 2, 12, "etc")),
        ("version: 1\nservices: {" + ", ".join(f"s{n}: {{run: x}}" for n in range(11)) + "}", ("too_many", 2, 152, "")),
    ],
)
def test_a_mistake_above_the_services_is_told_too(text: str, expected: tuple[str, int, int, str]) -> None:
    assert problems(text) == [expected]


def test_several_mistakes_are_told_at_once_and_ten_at_most() -> None:
    assert problems("services:\n  Web: {rum: x, port: 0}\n") == [
        ("missing_key", 1, 1, "version: 1"),
        ("bad_name", 2, 3, "web"),
        ("unknown_key", 2, 9, "run"),
        ("missing_key", 2, 3, "run: python3 app.py"),
        ("out_of_range", 2, 23, "port: 8000"),
    ]
    assert len(problems(service("\n".join(f"k{n}: 1" for n in range(500))))) == 10


def test_a_problem_reads_as_one_line_with_its_place() -> None:
    found = read(service("run: x\nprot: 80"))
    assert isinstance(found, tuple)
    assert [str(problem) for problem in found] == ['.dev-env.yaml:5:5: there is no key "prot" here. Try: port']
    hostile = read('version: 1\nservices:\n  web:\n    run: x\n    "`@all`\\n\\u202e![x](y)' + "z" * 90 + '": 1\n')
    assert isinstance(hostile, tuple)
    expected = f'.dev-env.yaml:5:5: there is no key "`@all`��![x](y){"z" * 24}…" here: there are run, port, health, env, build'
    assert [str(problem) for problem in hostile] == [expected]


def test_without_either_file_it_says_what_to_write() -> None:
    assert devenv.read(None, None) == (
        ConfigProblem(
            "no_services",
            "this branch does not say what to run: it has no .dev-env.yaml and no Procfile. Add a .dev-env.yaml",
            suggestion=WHOLE,
        ),
    )
    assert devenv.read(WHOLE.encode(), None) == DevEnv((ServiceConfig("web", "python3 app.py", None, "/"),), ".dev-env.yaml")


def test_the_yaml_wins_over_the_procfile_even_when_it_is_wrong() -> None:
    yaml, procfile = WHOLE.encode(), b"web: ./other\n"
    assert devenv.read(yaml, procfile) == devenv.read(yaml, None)
    assert isinstance(devenv.read(b"version: 3", procfile), tuple)
    assert devenv.read(None, procfile) == DevEnv((ServiceConfig("web", "./other", None, "/"),), "Procfile")


def test_what_a_file_wishes_for_arrives_with_its_place() -> None:
    text = """\
version: 1
ttl: 1d12h
size: medium
tilt_args: --only "web api"
services:
  web: {run: tilt $TILT_ARGS}
  api: {run: ./api, env: {A: "1"}}
profiles:
  fast:
    services: [api]
    ttl: 45m
    size: small
    tilt_args: [--fast, 1]
    env: {A: 2, FAST: true}
"""
    found = read(text)
    assert isinstance(found, DevEnv)
    assert found.wishes == Wishes(ttl_s=36 * 3600, size=Size.MEDIUM, tilt_args=("--only", "web api"))
    fast = Wishes(("api",), 45 * 60, Size.SMALL, ("--fast", "1"), (("A", "2"), ("FAST", "true")))
    assert found.profiles == {"fast": fast}
    assert (found.lines["ttl"], found.lines["services.api.run"], found.lines["profiles.fast.size"]) == (2, 7, 12)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ttl: 8", ("wrong_type", 6, 6, "8h")),
        ("ttl: soon", ("wrong_type", 6, 6, "8h")),
        ("ttl: 0h", ("wrong_type", 6, 6, "8h")),
        ("ttl: [8h]", ("wrong_type", 6, 6, "8h")),
        ("lifetime: 8h", ("unknown_key", 6, 1, "ttl")),
        ("tilt-args: x", ("unknown_key", 6, 1, "tilt_args")),
        ("size: larg", ("wrong_type", 6, 7, "large")),
        ("size: M", ("wrong_type", 6, 7, "medium")),
        ("size: 3", ("wrong_type", 6, 7, "")),
        ("tilt_args: 'a \"b'", ("bad_quote", 6, 12, "")),
        ("tilt_args: {a: b}", ("wrong_type", 6, 12, "tilt_args: --only web")),
        ("tilt_args: --only web", ("unread", 6, 12, "")),
        ('tilt_args: ["a\\nb"]', ("not_text", 6, 12, "")),
        ("create: opened", ("wrong_type", 6, 9, "create: {on: opened}")),
        ("create: {on: open}", ("wrong_type", 6, 14, "opened")),
        ("create: {branch: [a]}", ("unknown_key", 6, 10, "branches")),
        ("create: {branches: main}", ("wrong_type", 6, 20, "branches: [feature/*]")),
        ("create: {drafts: maybe}", ("wrong_type", 6, 18, "drafts: true")),
        ("seeds: {demo: {within: 5m}}", ("missing_key", 6, 9, "run: ./seed.sh")),
        ("seeds: {demo: {run: x, within: 2h}}", ("wrong_type", 6, 32, "within: 10m")),
        ("seeds: {demo: {rum: x}}", ("unknown_key", 6, 16, "run")),
        ("profiles: fast", ("wrong_type", 6, 11, "profiles: {fast: {size: large}}")),
        ("profiles: {Fast: {}}", ("bad_name", 6, 12, "fast")),
        ("profiles: {fast: small}", ("wrong_type", 6, 18, "{size: large}")),
        ("profiles: {fast: {sise: small}}", ("unknown_key", 6, 19, "size")),
        ("profiles: {fast: {services: [wev]}}", ("unknown_service", 6, 30, "web")),
        ("profiles: {fast: {services: web}}", ("wrong_type", 6, 29, "services: [web]")),
        ("profiles: {fast: {env: {a: 1}}}", ("bad_name", 6, 25, "A")),
        ("profiles: {fast: {tilt_args: x}}", ("unread", 6, 30, "")),
    ],
)
def test_a_mistake_in_a_wish_is_told_with_its_place_and_the_nearest_right_thing(words: str, expected: tuple[str, int, int, str]) -> None:
    assert problems(f"{service('run: x')}    port: 80\n{words}\n") == [expected]


TWO = """\
version: 1
ttl: 8h
size: large
services: {web: {run: a, env: {A: "1", B: "2"}}, api: {run: b}}
profiles: {fast: {services: [api], ttl: 2h, env: {B: "3", C: "4"}}}
"""


def test_a_profile_goes_before_the_file_and_what_is_asked_for_before_the_profile() -> None:
    found = read(TWO)
    assert isinstance(found, DevEnv)
    fast = choose(found, "fast")
    assert [each.name for each in fast.services] == ["api"]
    assert fast.services[0].env == (("B", "3"), ("C", "4"))
    assert (fast.ttl_s, fast.size, fast.keys) == (7200, Size.LARGE, {"ttl": "profiles.fast.ttl", "size": "size"})
    both = choose(found, "fast", ("web", "api"))
    assert [each.name for each in both.services] == ["web", "api"]
    assert both.services[0].env == (("A", "1"), ("B", "3"), ("C", "4"))
    for name, known, near in (("fats", ("fast",), "fast"), ("zzz", ("fast",), "")):
        with pytest.raises(NotThere) as raised:
            choose(found, name)
        assert (raised.value.kind, raised.value.known, raised.value.near) == ("profile", known, near)
    with pytest.raises(NotThere, match='there is no service "wev" in this file; there is web, api'):
        choose(found, "", ("wev",))


def test_what_a_fork_may_wish_for_is_limited() -> None:
    found = read(TWO)
    assert isinstance(found, DevEnv)
    assert choose(found, is_fork=True).size is None
    assert Allowed(48, 96).ttl_of(72, is_fork=True) == 48
    assert Allowed(48, 96).ttl_of(8, is_fork=True) == 8
    assert Allowed(48, 96).ttl_of(100, is_fork=False) == 96


def test_where_tilt_is_told_no_service_has_to_read_what_is_for_it() -> None:
    text = b"version: 1\nservices: {web: {run: ./web}}\ntilt_args: --only web\nprofiles: {all: {tilt_args: --all}}\n"
    refused = devenv.read(text, None)
    assert isinstance(refused, tuple)
    assert refused[0].code == "unread"
    found = devenv.read(text, None, runs_tilt=True)
    assert isinstance(found, DevEnv)
    assert (found.wishes.tilt_args, found.profiles["all"].tilt_args) == (("--only", "web"), ("--all",))

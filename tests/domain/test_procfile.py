"""A Procfile is read as its authors mean it."""

from __future__ import annotations

import pytest

from bot.domain import devenv
from bot.domain.devenv import DevEnv, ServiceConfig


def read(text: str) -> object:
    found = devenv.read(None, text.encode())
    if isinstance(found, DevEnv):
        assert found.file == "Procfile"
        return found.services
    assert all(problem.file == "Procfile" for problem in found)
    return [(problem.code, problem.line, problem.column, problem.suggestion) for problem in found]


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("web: python3 app.py\n", (ServiceConfig("web", "python3 app.py", health="/"),)),
        ("web:python3 app.py", (ServiceConfig("web", "python3 app.py", health="/"),)),
        ("\ufeff# ours\r\n\r\n  web :  a: b  \r\n", (ServiceConfig("web", "a: b", health="/"),)),
        ("api: ./api\nmail: ./mail", (ServiceConfig("api", "./api", health="/"), ServiceConfig("mail", "./mail"))),
        ("api: ./api\nweb: ./web", (ServiceConfig("web", "./web", health="/"), ServiceConfig("api", "./api"))),
        ("worker: ./w\napi: ./api", (ServiceConfig("api", "./api", health="/"), ServiceConfig("worker", "./w"))),
        ("worker: ./w", (ServiceConfig("worker", "./w"),)),
        ("release: ./migrate\nweb: ./web", (ServiceConfig("web", "./web", health="/", build="./migrate"),)),
    ],
)
def test_its_services_come_with_the_main_one_first(text: str, services: tuple[ServiceConfig, ...]) -> None:
    assert read(text) == services


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [("no_services", 1, 1, "web: python3 app.py")]),
        ("release: ./migrate", [("no_services", 1, 1, "web: python3 app.py")]),
        ("web: a\nhello world\n", [("bad_line", 2, 1, "web: python3 app.py")]),
        ("web: a\nweb: b", [("duplicate_key", 2, 1, "")]),
        ("Web_1: a", [("bad_name", 1, 1, "web-1")]),
        ("web:   ", [("empty", 1, 8, "web: python3 app.py")]),
        ("web: a\0b", [("not_text", 1, 6, "")]),
        ("web: " + "x" * 4097, [("too_big", 1, 6, "")]),
        ("\n".join(f"s{n}: x" for n in range(11)), [("too_many", 11, 1, "")]),
        ("x" * 16385, [("too_big", 1, 1, "")]),
        ("a b\n" * 4000, [("bad_line", n, 1, "web: python3 app.py") for n in range(1, 11)]),
    ],
)
def test_its_mistakes_are_told_with_their_place(text: str, problems: list[tuple[str, int, int, str]]) -> None:
    assert read(text) == problems


def test_ten_services_and_a_release_fit() -> None:
    text = "release: ./r\n" + "\n".join(f"s{n}: x" for n in range(10))
    found = devenv.read(None, text.encode())
    assert isinstance(found, DevEnv)
    assert len(found.services) == 10

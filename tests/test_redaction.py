"""No secret that we know comes out of a log line, a traceback, a library's line or a service's log, however it is written."""

from __future__ import annotations

import base64
import html
import json
import logging
import secrets
import shlex
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, urlunsplit

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import logs
from bot.redaction import KNOWN, MASK, Redactor
from bot.settings import Settings
from bot.settings.secrets import secrets_of
from provisioner.engine import LogLine
from tests.world import World

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda it: it,
    "base64": lambda it: base64.b64encode(it.encode()).decode(),
    "basic": lambda it: base64.b64encode(f"user:{it}".encode()).decode(),
    "basic, longer": lambda it: base64.b64encode(f"oauth2:{it}:x".encode()).decode(),
    "base64 for addresses": lambda it: base64.urlsafe_b64encode(f"u:{it}".encode()).decode(),
    "address": lambda it: quote(it, safe=""),
    "form": quote_plus,
    "json": lambda it: json.dumps({"a": it}),
    "json in json": lambda it: json.dumps(json.dumps({"a": it})),
    "hex": lambda it: it.encode().hex(),
    "html": html.escape,
    "repr": repr,
    "bytes": lambda it: repr(it.encode()),
    "shell": shlex.quote,
}
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/=&<>'\"\\ éß$%"


HOST, AT = "forge.example.com", chr(64)
PORTED = urlunsplit(("https", f"{HOST}:{8000 + 443}", f"merge{AT}once", "", ""))
"""Its port and its path look a little like a name and a word."""


def address(word: str, user: str = "oauth2:", scheme: str = "https") -> str:
    """One that opens what is there by itself."""
    return urlunsplit((scheme, AT.join((f"{user}{word}", HOST)), "shop.git", "", ""))


def canary(number: int) -> str:
    return f"c{number}" + "".join(secrets.choice(ALPHABET) for _ in range(24)) + "z"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What went to standard error since; logging is configured as the product does it."""
    root = logging.getLogger()
    before, hooks = list(root.handlers), (sys.excepthook, sys.unraisablehook)
    logs.configure("json")
    yield lambda: capsys.readouterr().err
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    sys.excepthook, sys.unraisablehook = hooks


def test_canaries_in_every_encoding_leave_no_trace(told: Callable[[], str]) -> None:
    canaries = [canary(number) for number in range(40)]
    KNOWN.learn(canaries)
    log = structlog.get_logger()
    for each in canaries:
        for name, encode in ENCODINGS.items():
            log.warning("canary", how=name, value=encode(each), nested={"deep": [encode(each)]})
    said = iter(told().splitlines())
    for each in canaries:
        for name, encode in ENCODINGS.items():
            line, encoded = json.loads(next(said)), encode(each)
            core = encoded[len(encoded) // 2 - 6 : len(encoded) // 2 + 6]
            assert line["how"] == name
            for value in (line["value"], *line["nested"]["deep"]):
                assert MASK in value
                assert core not in value, name


def _fails_with(words: str) -> None:
    raise ValueError(words)


def test_a_traceback_and_the_lines_of_libraries_are_clean(told: Callable[[], str]) -> None:
    secret = "s3cret-of-the-forge"
    KNOWN.learn([secret])
    log = structlog.get_logger()
    try:
        _fails_with(f"401 for {secret} at {address(secret)}")
    except ValueError as error:
        log.exception("failed")
        logging.getLogger("somebody.else").exception("in the app")
        logging.getLogger("slack_sdk").warning("sent %s", {"Authorization": f"Bearer {secret}"})
        logs.Lines().emit(logging.LogRecord("odd", logging.WARNING, "", 1, "%d", (secret,), None))
        sys.excepthook(ValueError, error, error.__traceback__)
    said = told()
    assert secret not in said
    assert said.count("Traceback") == 3
    assert f"401 for {MASK}" in said


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("made trl_abcdefghij0123456789abcdefghij for dana", f"made {MASK} for dana"),
        (f"git fetch {address('glpat-abc')}", f"git fetch {address(MASK, user='')}"),
        ("Authorization: Bearer abcdef.ghijkl", f"Authorization: Bearer {MASK}"),
        ("{'authorization': 'token abcdefghijk', 'a': 1}", f"{{'authorization': 'token {MASK}', 'a': 1}}"),
        ('{"Private-Token": "abcdefghijk"}', f'{{"Private-Token": "{MASK}"}}'),
        ("ghs_abcdefghijklmnopqrstuvwxyz0123456789", MASK),
        ("token=xoxb-123456789012-abcdefghijk", f"token={MASK}"),
        (f"see {PORTED} and more", f"see {PORTED} and more"),
        ("the bearer of news, an authorization rule", "the bearer of news, an authorization rule"),
    ],
)
def test_what_has_the_shape_of_a_secret_goes_unknown_as_it_is(line: str, clean: str) -> None:
    assert Redactor().text(line) == clean


@given(st.integers(1, 23), st.text(alphabet="ab \n", max_size=20), st.text(alphabet="ab \n", max_size=20))
def test_a_secret_that_runs_over_the_end_of_a_line_is_taken_out_of_both(at: int, before: str, after: str) -> None:
    secret = "k7#Qz-very-secret-canary"
    redactor = Redactor()
    redactor.learn([secret])
    lines = redactor.lines([before + secret[:at], secret[at:] + after])
    assert lines == (before + MASK, MASK + after)
    assert redactor.lines([before, after]) == (before, after)


def test_of_those_that_are_new_each_hour_the_last_are_known() -> None:
    redactor = Redactor()
    redactor.learn(["stays-for-good"])
    for number in range(60):
        redactor.learn_for_now(f"of-hour-{number:03}")
    assert redactor.text("stays-for-good of-hour-059") == f"{MASK} {MASK}"
    assert redactor.text(ENCODINGS["basic"]("of-hour-059")) != ENCODINGS["basic"]("of-hour-059")
    assert redactor.text("of-hour-001") == "of-hour-001"


def test_short_words_are_no_secrets() -> None:
    redactor = Redactor()
    redactor.learn(["", "dana"])
    assert redactor.text("dana said so") == "dana said so"


def test_every_secret_of_the_settings_is_known() -> None:
    settings = Settings(
        database_url=address("pa%20ss-word", "trellis:", "postgresql"),
        redis_url=address("redis-word", ":", "redis"),
        github={"token": "gh-token-1", "webhook_secret": "gh-hook-1"},  # type: ignore[arg-type]
        gitlab={"token": "gl-token-1", "webhook_secret": "gl-hook-1", "signing_secret": "gl-sign-1"},  # type: ignore[arg-type]
        slack={"bot_token": "sl-bot-1", "signing_secret": "sl-sign-1", "app_token": "sl-app-1"},  # type: ignore[arg-type]
        metrics={"token": "metrics-1"},  # type: ignore[arg-type]
        sign_in={"oidc": {"x": {"issuer": urlunsplit(("https", HOST, "", "", "")), "client_id": "i", "client_secret": "oidc-1"}}},  # type: ignore[arg-type]
    )
    found = set(secrets_of(settings)) - {""}
    gh, gl, sl = {"gh-token-1", "gh-hook-1"}, {"gl-token-1", "gl-hook-1", "gl-sign-1"}, {"sl-bot-1", "sl-sign-1", "sl-app-1"}
    assert found == {"pa%20ss-word", "pa ss-word", "redis-word", "metrics-1", "oidc-1", *gh, *gl, *sl}


async def test_what_a_service_or_a_build_prints_is_shown_without_our_secrets(world: World) -> None:
    token = world.github.token
    dana = world.github.user("dana", id=7, right="write")
    request = world.github.pull_request(world.shop, number=12, branch="demo", author=dana)
    await world.says("/ivy create", by=dana, on=request)
    environment = await world.environment()
    world.engine.log = (LogLine("web", "it began"), LogLine("web", f"fetching with {token}"))
    await world.says("/ivy logs", by=dana, on=request)
    assert f"fetching with {MASK}" in world.hears(request)[-1]
    world.engine.fail_next("the build ended with 1", f"fetching with {token}")
    await world.deliver("github", world.github.pushes(world.shop, "demo", "c" * 40, by=dana))
    said = "".join(world.hears(request))
    assert "the build ended with 1" in said
    assert token not in said
    failure = (await world.past(environment.id)).failure
    assert failure is not None
    assert failure.log == (f"fetching with {MASK}",)

"""How an App comes by its tokens: what GitHub answers, whose clock is wrong, and what is said when it does not work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from bot.chats.github_app import AppAccess, BadKey
from bot.chats.remote import RemoteFailure
from tests.fakes.github import FakeGitHub
from tests.fakes.github_app import FakeApp, key


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(is_app=True) as made:
        made.project("acme/shop", id=42)
        yield made


@pytest.fixture
def app(github: FakeGitHub) -> FakeApp:
    assert github.app is not None
    github.app.install("acme")
    return github.app


def access(github: FakeGitHub, app: FakeApp, **more: object) -> AppAccess:
    return AppAccess(github.url, str(app.id), app.private_key, clock=github.clock, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("off_s", [0, -86_400 * 400, -400, 400, 86_400 * 400])
def test_a_clock_that_is_wrong_costs_one_more_question(github: FakeGitHub, app: FakeApp, off_s: float) -> None:
    ours = access(github, app, now=lambda: time.time() + off_s)
    assert ours.token("acme/shop").startswith("ghs_")
    assert len(github.asked("GET installation")) == (2 if off_s else 1)
    assert len(github.asked("POST token")) == 1


def test_many_threads_ask_for_one_token(github: FakeGitHub, app: FakeApp) -> None:
    ours, found = access(github, app), set[str]()
    threads = [threading.Thread(target=lambda: found.add(ours.token("acme/shop"))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(found), app.given) == (1, 1)


def test_an_installation_that_is_said_is_not_looked_for(github: FakeGitHub, app: FakeApp) -> None:
    number = app.installations[0].id
    ours = AppAccess(github.url, str(app.id), app.private_key, number)
    assert ours.token("acme/shop") == ours.token("acme/other")
    assert github.asked("GET installation") == []


def test_what_is_wrong_with_an_app_is_said(github: FakeGitHub, app: FakeApp) -> None:
    other, _ = key("another's")
    assert reason(AppAccess(github.url, str(app.id), other)) == (
        "GitHub does not know App 5 by this key: check app_id and private_key (Bad credentials)"
    )
    assert reason(AppAccess(github.url, "6", app.private_key)).startswith("GitHub does not know App 6 by this key")
    assert reason(access(github, app), "zeta/site") == "the GitHub App is not installed where zeta/site is: install it there"
    app.installations[0].is_suspended = True
    assert reason(access(github, app)) == "the GitHub App gets no token for acme/shop: This installation has been suspended"
    assert reason(AppAccess("http://127.0.0.1:9", "5", app.private_key)) == "GitHub could not be asked: ConnectionError"


def test_a_limit_is_told_as_one(github: FakeGitHub, app: FakeApp) -> None:
    github.fail_next("POST token", 429, {"retry-after": "90"})
    with pytest.raises(RemoteFailure) as caught:
        access(github, app).token("acme/shop")
    assert caught.value.retry_after_s == 90


def test_what_fails_is_not_asked_again_by_each(github: FakeGitHub, app: FakeApp) -> None:
    now = [0.0]
    ours = AppAccess(github.url, str(app.id), app.private_key, clock=lambda: now[0])
    github.fail_next("GET installation", 502)
    assert reason(ours) == reason(ours) == "GitHub answered 502"
    assert len(github.asked("GET installation")) == 1
    now[0] = 5
    assert ours.token("acme/shop")


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"])
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey, match="it cannot be read as a private key"):
        AppAccess("http://127.0.0.1:9", "5", text)


def reason(ours: AppAccess, path: str = "acme/shop") -> str:
    with pytest.raises(RemoteFailure) as caught:
        ours.token(path)
    assert not caught.value.is_lasting
    return str(caught.value)

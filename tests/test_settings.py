"""What is configured wrongly is said in one clear line, and nothing starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.github import access_of
from bot.chats.github_app import AppAccess
from bot.settings import SettingsError, load
from tests.fakes.github_app import key

GITHUB = {"TRELLIS_GITHUB__TOKEN": "t", "TRELLIS_GITHUB__WEBHOOK_SECRET": "s"}
APP = {
    "TRELLIS_GITHUB__APP_ID": "5",
    "TRELLIS_GITHUB__PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\\nAAAA\\n-----END RSA PRIVATE KEY-----",
    "TRELLIS_GITHUB__WEBHOOK_SECRET": "s",
}
SHOP = {
    "TRELLIS_PROJECTS__SHOP__FORGE": "github",
    "TRELLIS_PROJECTS__SHOP__ID": "42",
    "TRELLIS_PROJECTS__SHOP__PATH": "acme/shop",
    "TRELLIS_PROJECTS__SHOP__CLONE_URL": "https://github.com/acme/shop.git",
}


def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], toml: str = "") -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if toml:
        (tmp_path / "trellis.toml").write_text(toml)


HELLO = {
    "TRELLIS_PROJECTS__LAB__FORGE": "local",
    "TRELLIS_PROJECTS__LAB__CLONE_URL": "/srv/lab",
    "TRELLIS_SERVICES__HELLO__PROJECT": "lab",
    "TRELLIS_DEPLOY__ENVIRONMENTS__DEV__TARGET": "host",
}


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"TRELLIS_GITHUB__TOKEN": "t"}, "GitHub is configured without TRELLIS_GITHUB__WEBHOOK_SECRET: set it"),
        (
            {"TRELLIS_GITHUB__TOKEN": "t", "TRELLIS_GITHUB__WEBHOOK_SECRET": ""},
            "GitHub is configured without TRELLIS_GITHUB__WEBHOOK_SECRET: set it",
        ),
        (
            {"TRELLIS_GITHUB__WEBHOOK_SECRET": "s"},
            "GitHub is configured without TRELLIS_GITHUB__TOKEN: set it, or TRELLIS_GITHUB__APP_ID and its private key",
        ),
        (
            {**GITHUB, "TRELLIS_GITHUB__APP_ID": "5"},
            "GitHub is configured with a token and with an App: keep TRELLIS_GITHUB__TOKEN or TRELLIS_GITHUB__APP_ID",
        ),
        (
            {**APP, "TRELLIS_GITHUB__APP_ID": ""},
            "TRELLIS_GITHUB__PRIVATE_KEY is set without TRELLIS_GITHUB__APP_ID: set it",
        ),
        (
            {**APP, "TRELLIS_GITHUB__PRIVATE_KEY": ""},
            "TRELLIS_GITHUB__APP_ID is set without its key: set TRELLIS_GITHUB__PRIVATE_KEY_FILE, or TRELLIS_GITHUB__PRIVATE_KEY",
        ),
        ({**APP, "TRELLIS_GITHUB__PRIVATE_KEY": "hello"}, "TRELLIS_GITHUB__PRIVATE_KEY is no private key: those begin with -----BEGIN"),
        (
            {**APP, "TRELLIS_GITHUB__PRIVATE_KEY_FILE": "key.pem"},
            "TRELLIS_GITHUB__PRIVATE_KEY and TRELLIS_GITHUB__PRIVATE_KEY_FILE are both set: keep one",
        ),
        (
            {**APP, "TRELLIS_GITHUB__PRIVATE_KEY": "", "TRELLIS_GITHUB__PRIVATE_KEY_FILE": "key.pem"},
            "TRELLIS_GITHUB__PRIVATE_KEY_FILE: there is no file key.pem",
        ),
        ({**APP, "TRELLIS_GITHUB__INSTALLATION_ID": "acme"}, "TRELLIS_GITHUB__INSTALLATION_ID is a number"),
        (
            {"TRELLIS_GITLAB__TOKEN": "t"},
            "GitLab is configured without TRELLIS_GITLAB__WEBHOOK_SECRET or TRELLIS_GITLAB__SIGNING_SECRET: set one",
        ),
        (
            {"TRELLIS_SLACK__BOT_TOKEN": "t"},
            "Slack is configured without TRELLIS_SLACK__SIGNING_SECRET: set it, or TRELLIS_SLACK__APP_TOKEN for Socket Mode",
        ),
        ({"TRELLIS_SLACK__SIGNING_SECRET": "t"}, "Slack is configured without TRELLIS_SLACK__BOT_TOKEN: set it"),
        (SHOP, "project shop is on github, which is not configured: set its token and secret"),
        (
            {**GITHUB, **SHOP, "TRELLIS_PROJECTS__SHOP__ID": "x"},
            "TRELLIS_PROJECTS__SHOP__ID is missing: set the forge's numeric id of the repository",
        ),
        ({**GITHUB, **SHOP, "TRELLIS_PROJECTS__SHOP__PATH": ""}, "TRELLIS_PROJECTS__SHOP__PATH is missing: set owner/name"),
        (
            {**GITHUB, **SHOP, "TRELLIS_PROJECTS__SHOP__CLONE_URL": "https://me:hunter2@github.com/acme/shop.git"},
            "TRELLIS_PROJECTS__SHOP__CLONE_URL holds a password: take it out, the forge's token is used",
        ),
        (
            {**GITHUB, **SHOP, **{name.replace("SHOP", "TWIN"): value for name, value in SHOP.items()}},
            "projects shop and twin have the same id 42 on github",
        ),
        ({"TRELLIS_PORT": "70000"}, "TRELLIS_PORT: Input should be less than or equal to 65535"),
        ({"TRELLIS_PORT": "web"}, "TRELLIS_PORT: Input should be a valid integer, unable to parse string as an integer"),
        ({"TRELLIS_TIME_ZONE": "Mars/Olympus"}, "TRELLIS_TIME_ZONE: there is no time zone 'Mars/Olympus'; for instance Europe/Berlin"),
        ({"TRELLIS_TIME_ZONE": "../etc/passwd"}, "TRELLIS_TIME_ZONE: there is no time zone '../etc/passwd'; for instance Europe/Berlin"),
        ({"TRELLIS_DATABASE_URL": "mysql://x/y"}, "TRELLIS_DATABASE_URL: use sqlite:///FILE or postgresql://USER@HOST/NAME"),
        ({"TRELLIS_DATABASE_URL": "trellis.db"}, "TRELLIS_DATABASE_URL: use sqlite:///FILE or postgresql://USER@HOST/NAME"),
        ({"TRELLIS_REDIS_URL": "localhost:6379"}, "TRELLIS_REDIS_URL: use redis://HOST, rediss://HOST or unix://SOCKET"),
        ({"TRELLIS_PUBLIC_URL": "http://trellis.example.com"}, "TRELLIS_PUBLIC_URL: use https://, people sign in there"),
        (
            {"TRELLIS_PUBLIC_URL": "trellis.example.com"},
            "TRELLIS_PUBLIC_URL: use an address without a path, for instance https://trellis.example.com",
        ),
        (
            {"TRELLIS_PUBLIC_URL": "https://example.com/trellis"},
            "TRELLIS_PUBLIC_URL: use an address without a path, for instance https://trellis.example.com",
        ),
        (
            {
                "TRELLIS_SIGN_IN__OIDC__WORK__ISSUER": "http://id.example.com",
                "TRELLIS_SIGN_IN__OIDC__WORK__CLIENT_ID": "c",
                "TRELLIS_SIGN_IN__OIDC__WORK__CLIENT_SECRET": "s",
            },
            "TRELLIS_SIGN_IN__OIDC__WORK__ISSUER: use https://",
        ),
        (
            {
                "TRELLIS_SIGN_IN__OIDC__WORK__ISSUER": "https://id.example.com",
                "TRELLIS_SIGN_IN__OIDC__WORK__CLIENT_ID": "c",
                "TRELLIS_SIGN_IN__OIDC__WORK__CLIENT_SECRET": "",
            },
            "TRELLIS_SIGN_IN__OIDC__WORK__CLIENT_SECRET is missing: set it",
        ),
        (
            {**HELLO, "TRELLIS_SERVICES__HELLO__GATES": '["ci", "contracts"]'},
            "services.hello.gates: ci is the word of a forge, and lab is on none",
        ),
        ({**HELLO, "TRELLIS_SERVICES__HELLO__GATES": '["contracts", "contracts"]'}, "services.hello.gates names a gate twice"),
        ({"TRELLIS_CONFIG": "nowhere.toml"}, "TRELLIS_CONFIG: there is no file nowhere.toml"),
        (
            {"TRELLIS_PROJECTS": "{bad"},
            'the environment cannot be read: error parsing value for field "projects" from source "EnvSettingsSource"',
        ),
        (
            {"TRELLIS_LIMITS__TTL_HOURS": "97"},
            "TRELLIS_LIMITS__TTL_HOURS is more than TRELLIS_LIMITS__CAP_HOURS: no environment could be made",
        ),
        (
            {"TRELLIS_FEEDS__NATS_URL": "tls://a:4222,nats://b:4222"},
            "TRELLIS_FEEDS: nats_url: all addresses begin with tls:// or none: a client would fall back to the others",
        ),
        (
            {"TRELLIS_FEEDS__NATS_CA": "ca.pem"},
            "TRELLIS_FEEDS: nats_ca, nats_certificate and nats_key are for a nats_url that begins with tls://",
        ),
        ({"TRELLIS_GITHUB__TOKN": "t"}, "TRELLIS_GITHUB__TOKN: Extra inputs are not permitted"),
        ({"TRELLIS_PROJECTS__LAB__FORGE": "local"}, "TRELLIS_PROJECTS__LAB__CLONE_URL: Field required"),
        (
            {"TRELLIS_SLACK__BOT_TOKEN": "xoxb-t", "TRELLIS_SLACK__APP_TOKEN": "xoxb-t"},
            "TRELLIS_SLACK__APP_TOKEN is not an app-level token: those begin with xapp-",
        ),
        ({"TRELLIS_SLACK__USERS": "U1=boss"}, "TRELLIS_SLACK__USERS__U1: Input should be 'viewer', 'developer' or 'admin'"),
    ],
)
def test_a_mistake_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], line: str) -> None:
    given(monkeypatch, tmp_path, variables)
    with pytest.raises(SettingsError) as error:
        load()
    assert str(error.value) == line


def test_a_file_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, tmp_path, {}, toml="port = \n")
    with pytest.raises(SettingsError, match=r"^trellis.toml cannot be read: "):
        load()


def test_variables_win_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toml = 'port = 9000\n[limits]\nttl_hours = 8\n[projects.lab]\nforge = "local"\nclone_url = "/srv/lab"\nslack_channels = ["C1"]\n'
    given(monkeypatch, tmp_path, {"TRELLIS_PORT": "9001"}, toml=toml)
    settings = load()
    assert (settings.port, settings.limits.ttl_hours, settings.projects["lab"].channels) == (9001, 8, ("C1",))


@pytest.mark.parametrize("users", ['{"U1": "admin", "U2": "viewer"}', "U1=admin,U2=viewer", "U1:admin U2:viewer"])
def test_slack_people_are_listed_in_any_of_three_ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, users: str) -> None:
    given(monkeypatch, tmp_path, {"TRELLIS_SLACK__BOT_TOKEN": "t", "TRELLIS_SLACK__SIGNING_SECRET": "s", "TRELLIS_SLACK__USERS": users})
    slack = load().slack
    assert slack
    assert slack.roles == {"U1": "admin", "U2": "viewer"}


@pytest.mark.parametrize("command", ["up", "serve", "work", "keep", "migrate"])
def test_nothing_starts_without_a_secret_and_nobody_sees_a_traceback(tmp_path: Path, command: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TRELLIS_GITHUB__TOKEN": "t"}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr == "trellis: GitHub is configured without TRELLIS_GITHUB__WEBHOOK_SECRET: set it\n"
    assert ran.stdout == ""


def test_a_key_that_is_none_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, tmp_path, APP)
    with pytest.raises(SettingsError, match=r"^TRELLIS_GITHUB__PRIVATE_KEY: it cannot be read as a private key: "):
        access_of(load())


@pytest.mark.parametrize("kind", ["a variable of one line", "a file"])
def test_a_key_is_a_variable_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    text, _ = key()
    (tmp_path / "key.pem").write_text(text)
    in_line = {**APP, "TRELLIS_GITHUB__PRIVATE_KEY": text.replace("\n", "\\n")}
    in_file = {**APP, "TRELLIS_GITHUB__PRIVATE_KEY": "", "TRELLIS_GITHUB__PRIVATE_KEY_FILE": "key.pem"}
    given(monkeypatch, tmp_path, in_file if kind == "a file" else in_line)
    assert isinstance(access_of(load()), AppAccess)

"""GitHub and GitLab as a test sees them: a stand-in, the bot's two ports on it, and somebody with a request open."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.chats.github import GitHubChat, GitHubForge
from bot.chats.github_access import TokenAccess
from bot.chats.gitlab import GitLabChat, GitLabForge
from bot.domain.message import Person, Platform, Thread
from bot.domain.project import ForgeKind, Project
from bot.domain.prose import Card, Reply, Tone, line
from tests.fakes.forge import Delivery
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab

if TYPE_CHECKING:
    from tests.fakes.forge import Comment, Request, User

SHOP_ID = 42
NOW = 1_789_000_000.0


@dataclass
class Bench:
    fake: FakeGitHub | FakeGitLab
    chat: GitHubChat | GitLabChat
    forge: GitHubForge | GitLabForge
    project: Project
    dana: User
    request: Request

    @property
    def platform(self) -> Platform:
        return self.chat.platform

    @property
    def thread(self) -> Thread:
        return Thread(self.platform, f"{self.platform}:shop:12")

    def person(self, user: User) -> Person:
        return Person(self.platform, str(user.id), user.login)

    def id_of(self, comment: Comment) -> str:
        kind = "review:" if comment.is_on_line else "issue:"
        return f"{kind if self.platform is Platform.GITHUB else ''}{comment.id}"

    def close(self) -> None:
        self.chat.close()
        self.forge.close()


def draw(message: Reply | Card, flavour: str, marker: str) -> str:
    """A drawing that shows everything it was given."""
    assert isinstance(message, Reply)
    return f"{flavour}: {message.code}\n\n<!-- trellis:{marker} -->"


def reply(code: str) -> Reply:
    return Reply(Tone.NEUTRAL, (line("hello"),), code=code)


def shop(kind: ForgeKind) -> Project:
    return Project("shop", kind, str(SHOP_ID), "acme/shop", "https://forge.example/acme/shop.git")


def bench(kind: str) -> Bench:
    lag = (0.01, 0.01)
    fake: FakeGitHub | FakeGitLab
    chat: GitHubChat | GitLabChat
    forge: GitHubForge | GitLabForge
    project = shop(ForgeKind(kind))
    if kind == "github":
        fake = FakeGitHub()
        access = TokenAccess(fake.url, fake.token)
        chat, forge = GitHubChat(access, [project], draw), GitHubForge(access, lag_delays_s=lag)
    else:
        fake = FakeGitLab()
        chat, forge = GitLabChat(fake.url, fake.token, [project], draw), GitLabForge(fake.url, fake.token, lag_delays_s=lag)
    fake.project("acme/shop", id=SHOP_ID)
    dana = fake.user("dana", id=7, right="write")
    return Bench(fake, chat, forge, project, dana, fake.change_request("acme/shop", number=12, branch="demo", author=dana))


class GitHubLetters(FakeGitHub):
    """A GitHub that only writes webhooks, about acme/shop and dana's request 12: it is not served, so its address is fixed."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: NOW)
        _settle(self)

    @property
    def url(self) -> str:
        return "https://api.forge.example"


class GitLabLetters(FakeGitLab):
    """The same of GitLab; its token is not ASCII."""

    def __init__(self) -> None:
        super().__init__(secret="hook-tøken", clock=lambda: NOW)
        _settle(self)


def _settle(fake: FakeGitHub | FakeGitLab) -> None:
    fake.users.clear()
    fake.project("acme/shop", id=SHOP_ID)
    fake.change_request("acme/shop", number=12, branch="demo", author=fake.user("dana", id=7, right="write"))


def changed(delivery: Delivery, *path: str, to: Any) -> Delivery:
    """The same delivery with something else in it, signed again as GitHub does; `...` takes a field away."""
    body = json.loads(delivery.body)
    at = body
    for name in path[:-1]:
        at = at[name]
    if to is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    raw = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(b"hook-secret", raw, hashlib.sha256).hexdigest()
    return Delivery({**delivery.headers, "x-hub-signature-256": signature}, raw)

"""Role by command by place by kind of repository: every cell is asserted, against a table that is written by hand here."""

from __future__ import annotations

from itertools import product

import pytest

from bot.auth.asked import Asked, Resource
from bot.auth.policies import Policies, default_text
from bot.auth.policy import Role, Standing
from bot.handlers.actions import ACTIONS, known_actions

PLACES = ("request", "channel", "direct", "terminal", "web")
KINDS = {
    "nothing": Resource(),
    "a GitHub project": Resource("shop", "github"),
    "a GitLab project": Resource("tools", "gitlab"),
    "a local project": Resource("lab", "local"),
    "one's own environment": Resource("shop", "github", "e1", "github:7"),
    "another's environment": Resource("shop", "github", "e2", "github:8"),
    "a service": Resource("shop", "github", service="pay", groups=("core",)),
}
LOOKING = {"status", "list", "logs", "url", "why", "help", "whoami", "history", "cost", "config", "artifacts", "diff", "plan"} | {
    "locks",
    "freeze",
}
JOINING = {"link", "unlink"}
CHANGING = {
    *("create", "update", "extend", "terminate", "restart", "cancel", "retry", "keep", "unkeep", "pause", "resume", "transfer", "restore"),
}

DEPLOYING = {"deploy", "rollback", "promote", "beta", "release", "lock", "unlock", "veto", "unveto", "resume", "cancel", "retry"}
"""In the language of deploys; none of it is about a fork's code."""
APPROVING = {"approve", "reject"}
STOPPING = {"terminate", "cancel", "pause", "unkeep"}
"""What any developer may do with an environment of a fork's code: whatever runs nothing and keeps nothing."""


@pytest.fixture(scope="module")
def rules() -> Policies:
    return Policies([default_text()], known_actions())


def expected(role: Role, words: str, place: str, *, is_fork: bool) -> bool:
    language, verb = words.split()
    if verb in JOINING:
        return place != "request" or role is not Role.NOBODY
    if verb in LOOKING:
        return role is not Role.NOBODY
    if language == "sled" and verb in DEPLOYING:
        return role in {Role.DEVELOPER, Role.ADMIN}
    if verb in APPROVING:
        return role is Role.ADMIN
    if is_fork and verb not in STOPPING:
        return role is Role.ADMIN
    return role in {Role.DEVELOPER, Role.ADMIN}


def test_the_table_has_every_command() -> None:
    """A new command is put into one of the rows above, and into its group in bot/handlers/actions.py."""
    assert {words.split()[1] for words in ACTIONS} <= LOOKING | JOINING | CHANGING | DEPLOYING | APPROVING


@pytest.mark.parametrize("words", sorted(ACTIONS))
def test_every_cell(rules: Policies, words: str) -> None:
    for role, place, (kind, resource), is_fork in product(Role, PLACES, KINDS.items(), (False, True)):
        asked = Asked(words, "github:7", Standing(role), resource, place, is_fork=is_fork)
        decision = rules.authorize(asked)
        cell = (words, role, place, kind, is_fork)
        assert decision.is_allowed == expected(role, words, place, is_fork=is_fork), cell
        if not decision.is_allowed:
            assert decision.code == "not_allowed", cell
            assert decision.rule in rules.rules, cell
            assert decision.roles == tuple(each for each in Role if expected(each, words, place, is_fork=is_fork)), cell

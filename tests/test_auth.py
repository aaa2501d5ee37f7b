"""The one decision: every role against every action, and what a forge's right makes of somebody."""

from __future__ import annotations

import pytest

from bot.auth.policy import Action, Decision, Role, Standing, authorize, role_of
from bot.domain.project import Right

MAY = {
    Role.NOBODY: set(),
    Role.VIEWER: {Action.LEARN, Action.LOOK},
    Role.DEVELOPER: {Action.LEARN, Action.LOOK, Action.CHANGE},
    Role.ADMIN: {Action.LEARN, Action.LOOK, Action.CHANGE},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_each_role_may_what_it_may(role: Role, action: Action) -> None:
    assert authorize(Standing(role), action).is_allowed == (action in MAY[role])


def test_a_no_says_why() -> None:
    assert authorize(Standing(Role.VIEWER), Action.CHANGE) == Decision(
        is_allowed=False, code="not_allowed", reason="it needs the role developer here, and yours is viewer"
    )
    doubtful = authorize(Standing(Role.NOBODY, doubt="the forge did not answer"), Action.LEARN)
    assert doubtful == Decision(is_allowed=False, code="not_allowed", reason="the forge did not answer")
    assert authorize(Standing(Role.ADMIN), Action.CHANGE) == Decision(is_allowed=True)


def test_only_the_right_to_write_makes_somebody_of_anybody() -> None:
    assert {right: role_of(right) for right in Right} == {
        Right.NONE: Role.NOBODY,
        Right.READ: Role.NOBODY,
        Right.WRITE: Role.DEVELOPER,
        Right.ADMIN: Role.ADMIN,
    }

"""Who talks: dana may write in `shop` on GitHub, gina is a developer of `tools` on GitLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversations.slack import Slack
from tests.conversations.talk import Talk

if TYPE_CHECKING:
    from tests.world import World


@pytest.fixture
def shop(world: World) -> Talk:
    """Dana on pull request 12 of branch `demo`."""
    dana = world.github.user("dana", id=7, right="write")
    return Talk(world, dana, world.github.pull_request("acme/shop", number=12, branch="demo", author=dana))


@pytest.fixture
def tools(world: World) -> Talk:
    """Gina on merge request 5 of branch `demo`."""
    gina = world.gitlab.user("gina", id=70, right="write")
    return Talk(world, gina, world.gitlab.merge_request("acme/tools", number=5, branch="demo", author=gina))


@pytest.fixture
def slack(world: World) -> Slack:
    return Slack(world)

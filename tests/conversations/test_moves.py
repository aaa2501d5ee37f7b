"""promote, rollback, diff, beta and release: the same on GitLab, in Slack and in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversations.talk import Talk
from tests.deploys import built

if TYPE_CHECKING:
    from tests.conversations.slack import Slack

pytestmark = pytest.mark.long

LINES = (
    ("deploy {0}@1fd1c0e9 --to dev", "runs 1fd1c0e9 in dev"),
    ("deploy {0}@2fd1c0e9 --to dev", "runs 2fd1c0e9 in dev"),
    ("promote {0} --from dev --to staging", "runs 2fd1c0e9 in staging"),
    ("diff {0} --from dev --in staging", "2fd1c0e9 runs in dev, 2fd1c0e9 runs in staging"),
    ("rollback {0} --to dev", "runs 1fd1c0e9 in dev"),
    ("beta {0}@!5 --to dev", "runs 9fd1c0e9 in dev"),
    ("release {0}", "runs 1fd1c0e9 in dev"),
    ("rollback {0} --to dev", "ran in dev before what runs there now of {0} (1fd1c0e9)."),
)
"""After the rollback it is held, so that a release goes back to what ran before, not to main's newest."""


async def _build(talk: Talk, service: str) -> None:
    for commit in ("1fd1c0e9", "2fd1c0e9"):
        await built(talk.world, service, commit)
        talk.world.clock.advance(seconds=60)
    await built(talk.world, service, "9fd1c0e9", is_merged=False, request=5)


def _plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


async def test_on_gitlab(tools: Talk) -> None:
    await _build(tools, "tool")
    for line, told in LINES:
        answers = await tools.says(f"/sled {line.format('tool')}")
        assert told.format("tool") in _plain(answers[-1]), line


async def test_in_slack(shop: Talk, slack: Slack) -> None:
    await _build(shop, "hello")
    for line, told in LINES:
        said = await slack.slash(line.format("hello"), command="/sled")
        assert any(told.format("hello") in _plain(each.shown) for each in said), line


async def test_in_a_terminal(shop: Talk) -> None:
    await _build(shop, "hello")
    for line, told in LINES:
        answers = await shop.world.types(f"/sled {line.format('hello')}")
        assert told.format("hello") in " ".join(_plain(answers[-1]).split()), line

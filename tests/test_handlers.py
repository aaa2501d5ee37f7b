"""One word names a command, its data, its handler, what it needs and its page in the manual."""

from __future__ import annotations

from bot.handlers import HANDLERS
from bot.handlers.actions import ACTIONS
from grammar.commands import COMMANDS
from grammar.help import manual


def test_every_command_that_can_be_said_has_a_handler_an_action_and_a_page() -> None:
    words = {command.words for command in COMMANDS}
    assert set(HANDLERS) == set(ACTIONS) == {page.words for page in manual()} == words

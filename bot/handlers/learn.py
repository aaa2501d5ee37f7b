"""The commands that tell people about themselves and the bot: whoami, help."""

from __future__ import annotations

from bot import replies
from bot.auth.policy import authorize
from bot.context import Outcome, Scene, Transaction
from bot.handlers.actions import ACTIONS
from bot.refusals import unknown_command
from grammar.commands import Help, Whoami
from grammar.help import manual


async def whoami(command: Whoami, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts, transaction
    return Outcome(replies.whoami(scene.person, scene.role, scene.project))


async def helped(command: Help, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """All that may be run, or one page."""
    del facts, transaction
    pages = {page.words: page for page in manual()}
    may = {words for words in pages if authorize(scene.standing, ACTIONS[words]).is_allowed}
    if command.command is None:
        shown = [page for words, page in pages.items() if words in may and words.startswith("ivy ")]
        return Outcome(replies.manual(shown, scene.role, sum(words.startswith("ivy ") for words in pages) - len(shown)))
    page = pages.get(f"ivy {command.command.lower()}")
    if page is None:
        raise unknown_command(command.command)
    return Outcome(replies.manual_page(page, may=page.words in may))

"""The commands that tell people about themselves and the bot: whoami, help."""

from __future__ import annotations

from bot import replies
from bot.asking import authorize
from bot.auth.policy import Action
from bot.context import Outcome, Scene, Transaction
from bot.handlers.actions import ACTIONS
from bot.refusals import unknown_command
from grammar.commands import Help, Product, Whoami
from grammar.help import manual


async def whoami(command: Whoami, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del command, facts, transaction
    return Outcome(replies.whoami(scene.person, scene.standing, scene.project, _may(scene)))


def _may(scene: Scene) -> list[str]:
    """Groups of commands of which all may be said here, and the single ones of the other groups."""
    found: list[str] = []
    for group in Action:
        commands = [words for words, each in ACTIONS.items() if each is group]
        may = [words for words in commands if authorize(scene, words).is_allowed]
        found += [group.value] if commands and may == commands else may
    return found


async def helped(command: Help, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    """All that may be run, or one page."""
    del facts, transaction
    everything = {page.words: page for page in manual()}
    pages = {words: page for words, page in everything.items() if words.startswith(f"{command.product} ")}
    if command.command is not None:
        verb = command.command.lower()
        there = (f"{product} {verb}" for product in (command.product, *Product))
        page = next((everything[words] for words in there if words in everything), None)
        if page is None:
            raise unknown_command(command.command)
        return Outcome(replies.manual_page(page, authorize(scene, page.words)))
    decisions = {words: authorize(scene, words) for words in pages}
    shown = [page for words, page in pages.items() if decisions[words].is_allowed]
    hidden = {words: decision for words, decision in decisions.items() if not decision.is_allowed}
    return Outcome(replies.manual(shown, scene.role, hidden, command.product))

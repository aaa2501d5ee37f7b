"""`/ivy link` and `/ivy unlink`: accounts become one person by a round trip that is signed in on both sides.

The first account gets a code; the second says it, and so shows that it saw the code; the first confirms, naming the second. Who only reads
the code, in a public request, can at most ask to be joined; and nobody is joined with an account that they did not name.
"""

from __future__ import annotations

import secrets

from bot import refusals_people as refusals
from bot import replies
from bot.asking import identity
from bot.context import Outcome, Outside, Scene, Transaction
from bot.domain.command import CommandState, Event
from bot.domain.errors import UserError
from bot.domain.message import Person, Platform
from bot.replies import link as words
from grammar.accounts import Link, Unlink

CODE_S = 600
MOST_CODES = 5
MOST_WRONG = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


async def gather(command: Link, scene: Scene, outside: Outside) -> None:
    """Guests and people of other workspaces join nothing. Raises UserError."""
    del command
    if scene.person.platform is Platform.CONSOLE:
        raise refusals.console_cannot_link()
    if not await outside.is_member(scene.person):
        raise refusals.guests_cannot_link()


async def decide(command: Link, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    if command.code is None:
        return await _give_code(scene, transaction)
    return await (_confirm if ":" in command.code else _say_code)(command.code, scene, transaction)


async def _give_code(scene: Scene, transaction: Transaction) -> Outcome:
    if await transaction.people.tries(scene.person, "code") >= MOST_CODES:
        raise refusals.too_many_tries(f"{MOST_CODES} codes")
    await transaction.people.tried(scene.person, "code")
    code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    await transaction.people.give_code(code, scene.person, scene.thread, CODE_S)
    return Outcome(words.code_given(f"{code[:4]}-{code[4:]}", scene.person, CODE_S // 60))


async def _say_code(code: str, scene: Scene, transaction: Transaction) -> Outcome:
    people, me = transaction.people, scene.person
    if await people.tries(me, "wrong") >= MOST_WRONG:
        raise refusals.too_many_tries(f"{MOST_WRONG} wrong codes")
    claim = await people.unclaimed(code)
    if claim is None:
        await people.tried(me, "wrong")  # an outcome, not an error: this has to stay
        return _refused(refusals.wrong_code(), scene)
    if identity(claim.first) == identity(me):
        raise refusals.own_code()
    if await people.same_person(claim.first, me):
        raise refusals.joined_already(claim.first)
    await people.claim(claim, me)
    await transaction.post(claim.first_thread, words.asks_to_be_joined(me, claim.first))
    return Outcome(words.code_said(claim.first, me))


async def _confirm(account: str, scene: Scene, transaction: Transaction) -> Outcome:
    people, me = transaction.people, scene.person
    claim = await people.claimed_of(me)
    if claim is None or claim.second is None:
        raise refusals.nothing_to_confirm()
    if identity(claim.second) != account:
        raise refusals.another_account(identity(claim.second))
    await people.join(me, claim.second)
    await people.end(claim)
    await transaction.note(_event(scene, transaction, "joined", me, claim.second))
    return Outcome(words.joined(me, claim.second, me))


async def part(command: Unlink, scene: Scene, facts: None, transaction: Transaction) -> Outcome:
    del facts
    mine = {identity(each): each for each in await transaction.people.accounts_of(scene.person)}
    parting = mine.get(command.account or identity(scene.person))
    if parting is None or len(mine) == 1:
        raise refusals.not_joined(command.account or identity(scene.person))
    await transaction.people.part(parting)
    await transaction.note(_event(scene, transaction, "parted", scene.person, parting))
    return Outcome(words.parted(parting))


def _event(scene: Scene, transaction: Transaction, kind: str, one: Person, other: Person) -> Event:
    actor = f"{scene.person.platform}:{scene.person.name}"
    return Event(at=transaction.now, kind=kind, actor=actor, data={"person": identity(one), "other": identity(other)})


def _refused(error: UserError, scene: Scene) -> Outcome:
    return Outcome(replies.refused(error, scene.person), CommandState.REFUSED, error.code)

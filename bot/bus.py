"""The one road: who may → what is it about → handler → commit → reply. Chat and console, and what comes later, go this way."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from bot import refusals, refusals_slack, replies, tracing
from bot.asking import authorize
from bot.auditing import denied, refused_event
from bot.auth.policy import Role, Standing
from bot.context import Outcome, Scene
from bot.context_ports import Forge, ForgeBusy, ForgeUnavailable, Members, Runtime, RuntimeUnavailable
from bot.domain.command import CommandState, Taken
from bot.domain.environment import Environment
from bot.domain.errors import UserError
from bot.domain.ids import new_id
from bot.domain.message import Dialect, Edited, Person, Platform, Said
from bot.domain.project import ForgeKind, Project
from bot.domain.prose import Reaction, Reply
from bot.finding import Finding
from bot.finding_betas import FindingBetas
from bot.finding_deploys import FindingDeploys
from bot.finding_services import FindingServices
from bot.gates import Gates
from bot.handlers import HANDLERS
from bot.handlers.actions import ACTIONS
from bot.handlers.handler import About, Handler
from bot.learning import Learning
from bot.merges import Merges
from bot.outside import Outside
from bot.quiet import Breaker
from bot.replies import late
from bot.rules import Rules
from bot.standing import Standings
from bot.targets import home, named_project
from bot.units import Transaction, Units
from grammar.commands import Command, Create
from grammar.parse import Found, Misunderstood, Understood, read

log = structlog.get_logger()


class Bus:
    """`hear` takes what was said; it may be called again with the same message, and does each command once."""

    def __init__(
        self,
        units: Units,
        runtime: Runtime,
        forges: Mapping[ForgeKind, Forge],
        rules: Rules,
        members: Mapping[Platform, Members] | None = None,
        gates: Gates | None = None,
    ) -> None:
        self._units = units
        self._rules = rules
        self._breaker = Breaker(units, rules.replies_per_hour)
        self._standings = Standings(rules.people, rules.console_role, forges, rules.projects, self._others, self._by_sign_in)
        self._standing_in = self._standings.of
        learning = Learning(units, Merges(forges, runtime), rules.projects, rules.catalogue)
        known = (rules.policies, rules.projects, members or {}, self._known, learning, gates)
        self._outside = Outside(runtime, forges, self._standing_in, *known)
        services = FindingServices(self._in_project, self._outside.visible)
        deploys, betas = FindingDeploys(units, services), FindingBetas(units, services)
        self._finding = Finding(units, self._in_project, self._outside.visible, deploys.asked_about)
        self._finders: dict[About, Callable[[Scene, Command], Awaitable[Scene]]] = {
            About.APPROVAL: self._finding.approval,
            About.SERVICES: services.named,
            About.PERHAPS_SERVICES: services.perhaps_named,
            About.SCOPE: services.covered,
            About.BETA: betas.beta,
            About.RELEASE: betas.release,
            About.DEPLOY: deploys.named,
        }

    async def hear(self, said: Said, message_id: int, lease: Any = None) -> None:
        if said.person.is_bot or (said.person.platform, said.person.id) in self._rules.own_ids:
            return
        found = self.read(said)
        if not found and not said.is_direct:
            return
        if await self._breaker.hushes(said, lease):
            return
        at_home = home(said, self._rules.projects)
        standing = await self._standing_in(said.person, at_home)
        if found and standing.role is not Role.NOBODY:
            async with self._units.transaction(lease) as transaction:
                await transaction.react(said.thread, said.message_id, Reaction.SEEN)
        if not found:
            await self._answer(said, message_id, lease, 0, "", Outcome(replies.hint()), standing.role)
        for item in found:
            if isinstance(item, Misunderstood):
                outcome = Outcome(replies.mistake(item.mistake, said.person), CommandState.REFUSED, item.mistake.code)
                await self._answer(said, message_id, lease, item.position, item.line, outcome, standing.role)
            elif standing.role is not Role.NOBODY and await self._is_not_run(said, message_id, lease, item):
                continue
            else:
                with tracing.step("command", command=item.command.words, position=item.position):
                    await self._carry_out(said, message_id, lease, item, at_home, standing)
                if standing.role is Role.NOBODY:
                    return  # one refusal is enough for all that a stranger says

    async def may_say(self, said: Said) -> bool:
        """Whether who says this may say all of it here, now. Nothing is told to anybody."""
        at_home = home(said, self._rules.projects)
        standing = await self._standing_in(said.person, at_home)
        try:
            for item in self.read(said):
                if isinstance(item, Misunderstood):
                    return False
                await self._scene(said, item, HANDLERS[item.command.words], at_home, standing)
        except UserError:
            return False
        return True

    async def visible(self, person: Person, words: str = "ivy list") -> frozenset[str]:
        """The keys of the projects in which somebody may look, by that command."""
        return await self._outside.visible(person, words)

    async def may_each(self, person: Person, words: Iterable[str], environments: Sequence[Environment]) -> frozenset[tuple[str, str]]:
        """What somebody may say on a page about which environments, as (words, id)."""
        return await self._outside.may_each(person, words, environments)

    async def role(self, person: Person) -> Role:
        """What somebody is here, where it is not about a project."""
        return await self._standings.everywhere(person)

    async def _by_sign_in(self, person: Person) -> Role:
        async with self._units.look() as look:
            return Role(await look.web_role(person.id) or Role.NOBODY)

    async def _known(self, platform: Platform, name: str) -> Person | None:
        async with self._units.look() as look:
            return await look.known(platform, name)

    def read(self, message: Said | Edited) -> tuple[Found, ...]:
        """What a message says, as its platform writes it."""
        is_pressed = isinstance(message, Said) and message.pressed is not None  # made by us: nothing in it is Slack's markup
        if message.dialect is Dialect.LINE and message.person.platform is Platform.SLACK and not is_pressed:
            prefix, _, rest = message.text.partition(" ")
            return read(rest, Dialect.SLACK, prefix=prefix)
        is_direct = message.is_direct if isinstance(message, Said) else message.dialect is Dialect.SLACK
        return read(message.text, message.dialect, is_direct=is_direct, bot_name=self._rules.bot_names.get(message.person.platform))

    async def _answer(self, said: Said, message_id: int, lease: Any, position: int, words: str, outcome: Outcome, role: Role) -> None:
        """Say something that changes nothing. Strangers get silence: a bot that answers everybody is a megaphone."""
        if role is Role.NOBODY:
            return
        async with self._units.transaction(lease) as transaction:
            await self._record(transaction, said, message_id, position, "", words, outcome)

    async def _is_not_run(self, said: Said, message_id: int, lease: Any, item: Understood) -> bool:
        """Whether it is only answered: it was said too long ago, or had changed before we knew it. One rule, whatever brought it."""
        async with self._units.look() as look:
            reply = late.answer(said, item.line, look.now)
        if reply is None:
            return False
        async with self._units.transaction(lease) as transaction:
            outcome = Outcome(reply, CommandState.REFUSED, reply.code or "")
            await self._record(transaction, said, message_id, item.position, item.command.words, item.line, outcome)
        return True

    async def _carry_out(
        self, said: Said, message_id: int, lease: Any, item: Understood, at_home: Project | None, standing: Standing
    ) -> None:
        handler = HANDLERS[item.command.words]
        facts: Any = None
        scene: Scene | None = None
        refusal: Outcome | None = None
        try:
            with tracing.step("gather"):
                scene = await self._scene(said, item, handler, at_home, standing)
                facts = await handler.gather(item.command, scene, self._outside)
        except refusals.NoProject as error:
            refusal = _refusal(error.among(await self._finding.known_to(said)), said.person, None)
        except UserError as error:
            refusal = _refusal(error, said.person, scene.environment_id if scene else None)
        except ForgeBusy:
            raise
        except ForgeUnavailable as error:
            refusal = _unavailable("The forge", error, said)
        except RuntimeUnavailable as error:
            refusal = _unavailable("The place where environments run", error, said)
        if refusal and standing.role is Role.NOBODY and await self._breaker.is_enough(said):
            refusal = replace(refusal, reply=None)  # written down, but not answered any more
        with tracing.step("decide"):
            async with self._units.transaction(lease) as transaction:
                if await transaction.taken.has(message_id, item.position):
                    return
                outcome = refusal or await self._decide(handler, item, scene, facts, transaction)
                await self._record(transaction, said, message_id, item.position, item.command.words, item.line, outcome)

    async def _decide(self, handler: Handler, item: Understood, scene: Scene | None, facts: Any, transaction: Transaction) -> Outcome:
        assert scene is not None  # noqa: S101 - there is a scene wherever there is no refusal
        try:
            async with transaction.undoing():
                return await handler.decide(item.command, scene, facts, transaction)
        except UserError as error:
            return _refusal(error, scene.person, scene.environment_id)

    async def _scene(self, said: Said, item: Understood, handler: Handler, at_home: Project | None, standing: Standing) -> Scene:
        """Everything the command is about. Whoever may not even look here learns nothing of what there is."""
        rules, command = self._rules, item.command
        known = (rules.projects, rules.limits, rules.zone, rules.policies)
        scene = Scene(said, item.line, standing, *known, project=at_home, prices=rules.prices(), teams=rules.people.teams)
        scene = replace(scene, catalogue=rules.catalogue, spares=rules.spares, budgets=rules.budgets, trusts_names=rules.trusts_names)
        try:
            _must_be_allowed(scene, command)
        except UserError as error:
            error.notes = {**error.notes, **await self._finding.meant(scene, command)}
            raise
        group = ACTIONS[command.words].value
        if not rules.channels.may(said, command.words, group):
            raise refusals_slack.not_here(command.words, rules.channels.where(command.words, group))
        if handler.about is About.PROJECT and isinstance(command, Create):
            scene = await self._in_project(scene, named_project(command.project, at_home, rules.projects))
        elif find := self._finders.get(handler.about):
            scene = await find(scene, command)
        elif handler.about in {About.ENVIRONMENT, About.PERHAPS_ENVIRONMENT}:
            found = await self._finding.environment(scene, command)
            if found is None and handler.about is About.ENVIRONMENT:
                raise refusals.no_environment()
            scene = found or scene
        _must_be_allowed(scene, command)
        return scene

    async def _others(self, person: Person) -> Sequence[Person]:
        """The joined accounts of somebody, without those of guests and leavers; none of a guest's own, whatever was joined before."""
        async with self._units.look() as look:
            others = (await look.people.accounts_of(person))[1:]
        if not others or not await self._outside.is_member(person):
            return ()
        are_members = await asyncio.gather(*map(self._outside.is_member, others))
        return [each for each, is_member in zip(others, are_members, strict=True) if is_member]

    async def _in_project(self, scene: Scene, project: Project) -> Scene:
        if project == scene.project:
            return scene
        return replace(scene, project=project, standing=await self._standing_in(scene.person, project))

    async def _record(
        self, transaction: Transaction, said: Said, message_id: int, position: int, words: str, text: str, outcome: Outcome
    ) -> None:
        taken = Taken(
            id=new_id(),
            message_id=message_id,
            position=position,
            words=words,
            line=text[:4096].replace("\0", ""),
            person=said.person,
            thread=said.thread,
            asked_by_message=said.message_id,
            state=outcome.state,
            code=outcome.code,
            environment_id=outcome.environment_id,
            goal=outcome.goal,
            created_at=transaction.now,
            ended_at=None if outcome.state is CommandState.RUNNING else transaction.now,
        )
        if not await transaction.taken.take(taken):
            return
        if outcome.state is CommandState.REFUSED and words:
            await transaction.note(refused_event(taken, said, outcome))
        if outcome.reply is not None:
            await transaction.post(said.thread, _named(outcome.reply, said))
        if sign := {CommandState.DONE: Reaction.DONE, CommandState.REFUSED: Reaction.FAILED}.get(outcome.state):
            await transaction.react(said.thread, said.message_id, sign)


def _named(reply: Reply, said: Said) -> Reply:
    """Nobody sees who pressed a button: the answer says it."""
    return msgspec.structs.replace(reply, to=reply.to or said.person) if said.pressed is not None else reply


def _must_be_allowed(scene: Scene, command: Command) -> None:
    decision = authorize(scene, command.words, command)
    if not decision.is_allowed:
        raise denied(command.words, decision, scene)


def _refusal(error: UserError, to: Person, environment_id: str | None = None) -> Outcome:
    return Outcome(replies.refused(error, to), CommandState.REFUSED, error.code, environment_id, notes=error.notes)


def _unavailable(what: str, error: Exception, said: Said) -> Outcome:
    log.warning("not_asked", what=what, reason=str(error), reference=secrets.token_hex(4))
    return Outcome(replies.unreachable(what, said.person), CommandState.REFUSED, "unavailable")

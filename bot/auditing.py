"""What the audit log is told of refusals: who, what, where, and by which rule."""

from __future__ import annotations

from bot import refusals
from bot.asking import identity, place_of
from bot.auth.policy import Decision
from bot.context import Outcome, Scene
from bot.domain.command import Event, Taken
from bot.domain.errors import DENIED, UserError
from bot.domain.message import Said

_LONGEST_LINE = 200


def denied(words: str, decision: Decision, scene: Scene) -> UserError:
    """The refusal, with what is to be written down of it."""
    error = refusals.not_allowed(words, decision)
    project = scene.project.key if scene.project else ""
    error.notes = {"rule": decision.rule, "argument": decision.argument, "project": project, "environment": scene.environment_id or ""}
    return error


def refused_event(taken: Taken, said: Said, outcome: Outcome) -> Event:
    where = {"place": place_of(said), "thread": said.thread.address}
    code = outcome.notes.get("code", outcome.code)
    what = {"words": taken.words, "code": code, "line": taken.line[:_LONGEST_LINE]}
    if is_denied := code in DENIED:
        what["environment"] = outcome.notes.get("environment") or outcome.environment_id or ""
    return Event(
        at=taken.created_at,
        kind="refused",
        command_id=taken.id,
        environment_id=None if is_denied else outcome.environment_id,
        project=outcome.notes.get("project") or said.project or "",
        actor=f"{said.person.platform}:{said.person.name}",
        data={**outcome.notes, **where, **what, "person": identity(said.person)},
    )

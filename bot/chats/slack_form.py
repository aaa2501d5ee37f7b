"""The form that makes an environment, filled in: the line it says, or what is wrong with which field."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from bot.chats.slack_parsed import HookAnswer, Parsed, an_id
from bot.chats.wire import Wire, clean, needed
from bot.domain.message import Dialect, Platform, Refused, Said, Thread
from bot.rendering.views import CREATE, SIZES
from grammar.commands import Create
from grammar.mistakes import Mistake
from grammar.parse import parse_line

if TYPE_CHECKING:
    from bot.domain.message import Person

_ADDRESS = re.compile(r"slack:([A-Za-z0-9_-]{1,64}):[@A-Za-z0-9_.:-]{1,200}")


class _Option(Wire):
    value: str | None = None


class _Field(Wire):
    value: str | None = None
    selected_option: _Option | None = None


class _State(Wire):
    values: dict[str, dict[str, _Field]] = msgspec.field(default_factory=dict)


class View(Wire):
    id: str | None = None
    callback_id: str | None = None
    private_metadata: str = ""
    state: _State | None = None


class _Known(Wire):
    """What the form was opened with; Slack gives it back as it was."""

    thread: str
    cap_h: float


_known = msgspec.json.Decoder(_Known)


def read_form(view: View, team_id: str, person: Person) -> Parsed:
    """Read a submission. Raises Refused (400); what the person can put right is told in the form itself."""
    try:
        known = _known.decode(view.private_metadata)
    except (msgspec.MsgspecError, ValueError):
        raise Refused(400, "the body does not fit its event: private_metadata") from None
    address = _ADDRESS.fullmatch(known.thread)
    if address is None or address[1] != team_id:
        raise Refused(400, "the body does not fit its event: private_metadata")
    fields = {name: clean(_value(view, name)).strip() for name in ("project", "branch", "ttl", "size", "seed")}
    if wrong := _wrong(fields, known.cap_h):
        body = json.dumps({"response_action": "errors", "errors": wrong}).encode()
        return Parsed(answer=HookAnswer(200, {"content-type": "application/json"}, body))
    id_ = an_id(needed(view.id, "view"), "view")
    words = _words(**fields)
    thread = Thread(Platform.SLACK, known.thread, asker=person, title=words)
    said = Said(f"slack:{team_id}:submit:{id_}", person, thread, words, "", Dialect.LINE, pressed=f"submit:{id_}")
    shown = {"type": "view_submission", "user": {"id": person.id}, "view": {"type": "modal", "callback_id": CREATE}}
    return Parsed((said,), shown)


def _value(view: View, name: str) -> str:
    field = (view.state.values if view.state else {}).get(name, {}).get("value")
    if field is None:
        return ""
    return (field.selected_option.value if field.selected_option else field.value) or ""


def _wrong(fields: dict[str, str], cap_h: float) -> dict[str, str]:
    """What cannot be, by field."""
    found = {name: f"Which {name}?" for name in ("project", "branch") if not fields[name]}
    alone = {"project": ("project",), "branch": ("branch",), "ttl": ("branch", "ttl"), "seed": ("branch", "seed")}
    for name, used in alone.items():
        if fields[name] and name not in found:
            words = _words(**{each: fields[each] if each == name else "" for each in used})
            if isinstance(read := parse_line(words), Mistake):
                found[name] = read.message[:150]
            elif name == "ttl" and isinstance(read, Create) and (read.ttl or 0) > cap_h * 3600:
                found[name] = f"An environment lives {cap_h:g} h at most."
    if fields["size"] not in ("", *SIZES):
        found["size"] = f"One of {', '.join(SIZES)}."
    return found


def _words(branch: str = "", **given: str) -> str:
    """`given` in the order of the form; those that are empty are not said."""
    options = (f" --{name} {_quoted(value)}" for name, value in given.items() if value)
    return f"/ivy create{' ' + _quoted(branch) if branch else ''}{''.join(options)}"


def _quoted(word: str) -> str:
    """A word as it is typed so that it is read to the letter."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'

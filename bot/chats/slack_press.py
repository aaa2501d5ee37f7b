"""What Slack sends when somebody presses something of ours. Payloads in, values out.

Shapes: docs.slack.dev/reference/interaction-payloads/block_actions-payload.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from bot.chats.slack_form import View, read_form
from bot.chats.slack_parsed import TRIGGER, Parsed, a_team, an_id, person_of
from bot.chats.slack_response import pinned
from bot.chats.wire import Anything, Wire, clean, decode, digest, needed
from bot.domain.message import Dialect, FormAsked, Platform, Refused, Said, Thread
from bot.rendering.presses import ACTION
from bot.rendering.views import CREATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.message import Person

_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_LINE = re.compile(r"/(?:ivy|sled) [^\0\r\n]{1,2000}")


class _Team(Wire):
    id: str | None = None


class _User(Wire):
    id: str | None = None
    username: str | None = None
    name: str | None = None
    team_id: str | None = None


class _Container(Wire):
    type: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    channel_id: str | None = None
    is_ephemeral: bool = False


class _Message(Wire):
    team: str | None = None
    thread_ts: str | None = None


class _Action(Wire):
    type: str | None = None
    action_id: str | None = None
    value: str | None = None
    action_ts: str | None = None


class _Payload(Wire):
    type: str
    callback_id: str | None = None
    trigger_id: str | None = None
    action_ts: str | None = None
    view: View | None = None
    team: _Team | None = None
    user: _User | None = None
    container: _Container | None = None
    message: _Message | None = None
    actions: list[_Action] | None = None
    response_url: str | None = None


_kind = msgspec.json.Decoder(Anything)
_payload = msgspec.json.Decoder(_Payload)


def read_press(body: bytes | str, team: str, response_hosts: frozenset[str]) -> Parsed:
    """Read an interaction. Raises Refused (400); nothing of ours is nothing."""
    decode(_kind, body)
    payload = decode(_payload, body)
    action = next((each for each in payload.actions or () if _is_ours(each)), None)
    is_form = payload.view is not None and payload.view.callback_id == CREATE
    ours = {"block_actions": action is not None, "view_submission": is_form, "shortcut": payload.callback_id == CREATE}
    if not ours.get(payload.type):
        return Parsed()
    user = needed(payload.user, "user")
    message_team = payload.message.team if payload.message else None
    team_id = a_team(team, payload.team.id if payload.team else None, user.team_id, message_team)
    if team_id is None:
        return Parsed()
    if payload.type == "view_submission":
        return read_form(needed(payload.view, "view"), team_id, person_of(user.id, user.username or user.name))
    if action is None or action.action_id == CREATE:
        return _form_asked(payload, team_id, action)
    said = _said(payload, action, team_id, response_hosts)
    return Parsed((said,), _request(said, action))


def _is_ours(action: _Action) -> bool:
    return action.action_id == CREATE or (action.action_id or "").startswith(f"{ACTION}:")


def _form_asked(payload: _Payload, team_id: str, action: _Action | None) -> Parsed:
    """The shortcut, or the button in App Home; answered in a direct message where the form cannot be shown."""
    user = needed(payload.user, "user")
    person = person_of(user.id, user.username or user.name)
    trigger = needed(payload.trigger_id, "trigger_id")
    if not TRIGGER.fullmatch(trigger):
        raise Refused(400, "the body does not fit its event: trigger_id")
    thread = Thread(Platform.SLACK, f"slack:{team_id}:@{person.id}", asker=person)
    asked_at = _ts(action.action_ts if action else payload.action_ts, "action_ts")
    pressed = digest("form", person.id)
    said = Said(f"slack:{team_id}:form:{pressed}:{asked_at}", person, thread, "/ivy create", "", Dialect.LINE, pressed=pressed)
    shown = {"type": payload.type, "callback_id": CREATE, "user": {"id": person.id}, "trigger_id": trigger}
    pressing = {} if action is None else {"actions": [{"type": "button", "action_id": CREATE, "block_id": "trellis", "value": "create"}]}
    return Parsed((FormAsked(said.key, said, trigger),), {**shown, **pressing})


def _said(payload: _Payload, action: _Action, team_id: str, response_hosts: frozenset[str]) -> Said:
    user = needed(payload.user, "user")
    person = person_of(user.id, user.username or user.name)
    words = clean(needed(action.value, "value"))
    if not _LINE.fullmatch(words):
        raise Refused(400, "the body does not fit its event: value")
    pressed_at = _ts(action.action_ts, "action_ts")
    thread = _thread(payload, team_id, person, words, pinned(payload.response_url or "", response_hosts))
    container = needed(payload.container, "container")
    pressed = digest(thread.address, container.message_ts, person.id, words)
    key = f"slack:{team_id}:press:{pressed}:{pressed_at}"
    return Said(key, person, thread, words, "", Dialect.LINE, said_at=float(pressed_at), pressed=pressed)


def _thread(payload: _Payload, team_id: str, person: Person, words: str, response_url: str | None) -> Thread:
    """Where the message stands; what is pressed in App Home is answered in a direct message."""
    container = needed(payload.container, "container")
    if container.type == "view":
        return Thread(Platform.SLACK, f"slack:{team_id}:@{person.id}", asker=person)
    channel, ts = an_id(container.channel_id, "channel_id"), _ts(container.message_ts, "message_ts")
    root = container.thread_ts or (payload.message.thread_ts if payload.message else None)
    opened = f"slash-{digest('whisper', ts)}" if container.is_ephemeral else ts  # a whisper is nothing to hang a thread on
    tail = _ts(root, "thread_ts") if root is not None else opened
    return Thread(Platform.SLACK, f"slack:{team_id}:{channel}:{tail}", response_url=response_url, asker=person, title=words)


def _request(said: Said, action: _Action) -> Mapping[str, Any]:
    pressed = {"type": "button", "action_id": action.action_id, "block_id": "trellis", "value": said.text, "action_ts": action.action_ts}
    return {"type": "block_actions", "user": {"id": said.person.id}, "actions": [pressed]}


def _ts(value: str | None, name: str) -> str:
    if not _TS.fullmatch(needed(value, name)):
        raise Refused(400, f"the body does not fit its event: {name}")
    return str(value)

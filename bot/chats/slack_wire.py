"""What Slack sends: a request's signature and what it says. Headers and bytes in, values out.

Shapes: docs.slack.dev/apis/events-api, docs.slack.dev/interactivity/implementing-slash-commands.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from bot.chats.slack_parsed import TRIGGER, HookAnswer, Parsed, a_team, an_id, person_of
from bot.chats.slack_press import read_press
from bot.chats.slack_response import RESPONSE_HOSTS, pinned
from bot.chats.wire import Wire, clean, decode, digest, needed, same
from bot.domain.message import Dialect, Edited, FormAsked, HomeOpened, Incoming, Person, Platform, Refused, Said, Thread

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = ("/ivy", "/sled")
SKEW_S = 300  # docs.slack.dev/authentication/verifying-requests-from-slack

_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_TYPED = (None, "file_share", "thread_broadcast")  # subtypes of messages that a person typed
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


class _Change(Wire):
    ts: str | None = None


class _Message(Wire):
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    edited: _Change | None = None


class _Event(Wire):
    type: str
    user: str | None = None
    bot_id: str | None = None
    subtype: str | None = None
    channel: str | None = None
    channel_type: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    text: str | None = None
    team: str | None = None
    user_team: str | None = None
    edited: _Change | None = None
    tab: str | None = None
    event_ts: str | None = None
    message: _Message | None = None
    previous_message: _Message | None = None


class _Authorization(Wire):
    user_id: str | None = None
    is_bot: bool = False


class _Callback(Wire):
    event: _Event
    team_id: str
    authorizations: list[_Authorization] | None = None
    authed_users: list[str] | None = None


class _EventType(Wire):
    type: str


class _Envelope(Wire):
    type: str
    challenge: str | None = None
    event: _EventType | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_callback = msgspec.json.Decoder(_Callback)


def verify(headers: Mapping[str, str], body: bytes, *, signing_secret: str, now: float) -> None:
    """Raises Refused (401) unless Slack signed `body` within five minutes of `now` (seconds since the epoch)."""
    lower = {name.lower(): value for name, value in headers.items()}
    stamp = lower.get("x-slack-request-timestamp", "")
    if not signing_secret or not re.fullmatch("[0-9]{1,12}", stamp):
        raise Refused(401, "the request is not signed")
    expected = hmac.new(signing_secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    if not same(lower.get("x-slack-signature", ""), f"v0={expected}"):
        raise Refused(401, "the signature does not fit")
    if abs(now - int(stamp)) > SKEW_S:
        raise Refused(401, "the request is too old or this machine's clock is wrong")


def parse(headers: Mapping[str, str], body: bytes, *, team: str = "", response_hosts: frozenset[str] = RESPONSE_HOSTS) -> Parsed:
    """Read a verified request. Raises Refused (400). `team`: only what happens in this workspace counts; "" for any one."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "").partition(";")[0].strip().lower()
    if kind == _JSON or (not kind and body.lstrip()[:1] == b"{"):
        return read_event(body, team)
    if kind in (_FORM, ""):
        return _read_form(body, team, response_hosts)
    raise Refused(400, "the body is neither JSON nor a form")


def read_event(body: bytes, team: str) -> Parsed:
    """Read what the Events API sends. Raises Refused (400)."""
    envelope = decode(_envelope, body)
    if envelope.type == "url_verification":
        challenge = needed(envelope.challenge, "challenge")
        return Parsed(answer=HookAnswer(200, {"content-type": "text/plain; charset=utf-8"}, challenge.encode("utf-8", "replace")))
    if envelope.type != "event_callback":
        return Parsed()
    if needed(envelope.event, "event").type not in ("app_mention", "message", "app_home_opened"):
        return Parsed()
    callback = decode(_callback, body)
    event = callback.event
    team_id = a_team(team, needed(callback.team_id, "team_id"), event.team, event.user_team)
    if team_id is None:
        return Parsed()
    if event.type == "app_home_opened":
        return _home_opened(event, team_id)
    incoming = _mentioned(callback) if event.type == "app_mention" else _written(event, team_id)
    return Parsed((incoming,), _as_event(incoming, event, team_id)) if incoming else Parsed()


def _home_opened(event: _Event, team_id: str) -> Parsed:
    if event.tab != "home":
        return Parsed()
    person = person_of(event.user, None)
    thread = Thread(Platform.SLACK, f"slack:{team_id}:home-{person.id}", asker=person)
    opened = HomeOpened(f"slack:{team_id}:home:{person.id}:{_ts(event.event_ts)}", person, thread)
    shown = {"type": event.type, "user": person.id, "channel": event.channel or "", "tab": "home", "event_ts": event.event_ts}
    return Parsed((opened,), {"type": "event_callback", "team_id": team_id, "event": shown})


def _mentioned(callback: _Callback) -> Incoming | None:
    event = callback.event
    if not _is_typed(event):
        return None
    bots = {each.user_id for each in callback.authorizations or () if each.is_bot} | set(callback.authed_users or ())
    opening = re.match(r"\s*<@([A-Z0-9]+)(?:\|[^<>]*)?>", event.text or "")
    said = _said(event, callback.team_id, is_direct=opening is not None and (not bots or opening[1] in bots))
    if event.edited is None:
        return said
    return _edited(said, event.edited.ts)  # sent again for an edit, or for a mention that an edit brought: runs nothing


def _written(event: _Event, team_id: str) -> Incoming | None:
    """A direct message; in channels only mentions count, and that one was taken back."""
    if event.subtype == "message_deleted":
        return _deleted(event, team_id)
    if event.channel_type != "im":
        return None
    if event.subtype == "message_changed":
        return _changed(event, team_id)
    return _said(event, team_id, is_direct=True) if _is_typed(event) else None


def _changed(event: _Event, team_id: str) -> Incoming | None:
    message, before = event.message, event.previous_message
    if message is None or message.bot_id or message.user is None or message.user == "USLACKBOT":
        return None
    if before is not None and before.text == message.text:
        return None  # a link was unfolded
    now = _Event("message", message.user, channel=event.channel, ts=message.ts, thread_ts=message.thread_ts, text=message.text)
    return _edited(_said(now, team_id, is_direct=True), message.edited.ts if message.edited else event.ts)


def _deleted(event: _Event, team_id: str) -> Incoming | None:
    """What is no longer there is edited to nothing."""
    before = event.previous_message
    if before is None or before.bot_id or before.user is None or before.user == "USLACKBOT":
        return None
    was = _Event("message", before.user, channel=event.channel, ts=before.ts, thread_ts=before.thread_ts, text="")
    return _edited(_said(was, team_id, is_direct=True), event.ts)


def _is_typed(event: _Event) -> bool:
    return not event.bot_id and event.subtype in _TYPED and event.user != "USLACKBOT"


def _said(event: _Event, team_id: str, *, is_direct: bool) -> Said:
    channel, ts = an_id(event.channel, "channel"), _ts(event.ts)
    user = an_id(event.user, "user")
    person = Person(Platform.SLACK, user, user)
    text = clean(needed(event.text, "text"))
    root = _ts(event.thread_ts) if event.thread_ts else ts
    return Said(
        key=f"slack:{team_id}:{channel}:{ts}",
        person=person,
        thread=Thread(Platform.SLACK, f"slack:{team_id}:{channel}:{root}", asker=person),
        text=text,
        message_id=ts,
        dialect=Dialect.SLACK,
        is_direct=is_direct,
        said_at=float(ts),
    )


def _edited(said: Said, changed_ts: str | None) -> Edited:
    when = changed_ts if changed_ts and _TS.fullmatch(changed_ts) else digest(said.text)
    return Edited(f"{said.key}:edit:{when}", said.key, said.person, said.thread, said.text, said.dialect)


def _as_event(incoming: Incoming, event: _Event, team_id: str) -> Mapping[str, Any]:
    assert isinstance(incoming, Said | Edited)  # noqa: S101 - these two are made above
    shown = {"type": event.type, "user": incoming.person.id, "channel": event.channel, "channel_type": event.channel_type or "channel"}
    return {"type": "event_callback", "team_id": team_id, "event": {**shown, "text": incoming.text, "ts": event.ts or "0.0"}}


def _read_form(body: bytes, team: str, response_hosts: frozenset[str]) -> Parsed:
    try:
        fields = dict(reversed(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)))  # the first of twins counts
    except ValueError:
        raise Refused(400, "the body is not a form") from None
    if "payload" in fields:
        return read_press(fields["payload"], team, response_hosts)
    return Parsed() if fields.get("ssl_check") else read_command(fields, team, response_hosts)


def read_command(fields: Mapping[str, str], team: str, response_hosts: frozenset[str]) -> Parsed:
    """Read a slash command. Raises Refused (400)."""
    command = needed(fields.get("command"), "command").strip().lower()
    if command not in COMMANDS:
        return Parsed()
    team_id = a_team(team, needed(fields.get("team_id"), "team_id"))
    if team_id is None:
        return Parsed()
    said = _slash(command, fields, team_id, response_hosts)
    shown = {"team_id": team_id, "channel_id": fields["channel_id"], "user_id": said.person.id, "trigger_id": fields["trigger_id"]}
    incoming = FormAsked(said.key, said, fields["trigger_id"]) if said.text.lower() == "/ivy create" else said
    return Parsed((incoming,), {"command": command, "text": clean(fields.get("text")), **shown})


def _slash(command: str, fields: Mapping[str, str], team_id: str, response_hosts: frozenset[str]) -> Said:
    channel = an_id(fields.get("channel_id"), "channel_id")
    trigger = needed(fields.get("trigger_id"), "trigger_id")
    if not TRIGGER.fullmatch(trigger):
        raise Refused(400, "the body does not fit its event: trigger_id")
    person = person_of(fields.get("user_id"), fields.get("user_name"))
    words = f"{command} {clean(fields.get('text'))}".strip()
    thread = Thread(
        Platform.SLACK,
        f"slack:{team_id}:{channel}:slash-{digest(trigger)}",
        response_url=pinned(fields.get("response_url", ""), response_hosts),
        asker=person,
        title=words,
    )
    return Said(f"slack:{team_id}:slash:{trigger}", person, thread, words, message_id="", dialect=Dialect.LINE)


def _ts(value: str | None) -> str:
    if not _TS.fullmatch(needed(value, "ts")):
        raise Refused(400, "the body does not fit its event: ts")
    return str(value)

"""The stand-in of Slack: its Web API and response URLs, over what it remembers."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.server import Answer, FakeServer
from tests.fakes.slack_shapes import Channel, Json, Message, ResponseUrl, SlackError, User, arguments_of, content, view_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

SCOPES = frozenset(
    [
        "chat:write",
        "reactions:write",
        "im:write",
        "users:read",
        "channels:read",
        "channels:history",
        "groups:history",
        "im:history",
        "metadata.message:read",
    ]
)
_NEEDS = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "reactions.add": "reactions:write",
    "conversations.open": "im:write",
    "conversations.info": "channels:read",
    "users.info": "users:read",
}
_HISTORY = {"C": "channels:history", "G": "groups:history", "D": "im:history"}
_MOST_USES, _LIFE_S = 5, 1_800


class SlackApi(FakeServer):
    """What stands in the workspace, and the methods by which the bot reads and writes it."""

    def __init__(
        self, *, signing_secret: str = "signing-secret", token: str = "xoxb-token", clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.signing_secret = signing_secret
        self.token = token
        self.app_token = "xapp-token"
        self.socket_url = ""  # where `apps.connections.open` sends those who connect
        self.clock = clock
        self.signing_clock = clock  # what the receiver's own clock judges
        self.team = "T0TRELLIS"
        self.bot = User("U0BOT", "trellis", self.team)
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.channels: dict[str, Channel] = {}
        self.scopes = set(SCOPES)
        self._messages: list[Message] = []
        self.homes: dict[str, Json] = {}  # by the id of who sees it
        self.forms: dict[str, Json] = {}
        self._triggers: dict[str, str] = {}
        self._response_urls: dict[str, ResponseUrl] = {}
        self._numbers = itertools.count(1)

    def user(self, name: str, team: str | None = None) -> User:
        user = User(f"U{next(self._numbers):04}{name.upper()}", name, team or self.team)
        self.users[user.id] = user
        return user

    def channel(self, name: str, *members: User, has_bot: bool = True) -> Channel:
        channel = Channel(f"C{next(self._numbers):04}{name.upper().replace('-', '')}", name, {each.id for each in members})
        channel.members |= {self.bot.id} if has_bot else set()
        self.channels[channel.id] = channel
        return channel

    def direct(self, user: User) -> Channel:
        """The direct message between the bot and a person."""
        return self.channels.setdefault(f"D{user.id[1:]}", Channel(f"D{user.id[1:]}", "directmessage", {user.id, self.bot.id}))

    def messages(self, channel: Channel, thread: str | None = None) -> list[Message]:
        """What stands in a channel, oldest first: its own messages, or a thread's with the root first. Whispers are apart."""
        there = [each for each in self._messages if each.channel == channel.id and not each.whispered_to]
        return [each for each in there if (each.thread == each.ts if thread is None else each.thread == thread)]

    def whispers(self, user: User) -> list[Message]:
        """What only this person saw."""
        return [each for each in self._messages if each.whispered_to == user.id]

    def _write(self, channel: Channel, user: User, text: str, thread: str | None = None, **more: Any) -> Message:
        ts = self._ts()
        message = Message(channel.id, ts, user.id, text, thread or ts, **more)
        self._messages.append(message)
        return message

    def write(self, channel: Channel, *lines: str) -> Message:
        """A message of the bot's with a button for each line."""
        elements = [
            {"type": "button", "action_id": f"say:{number}", "text": {"type": "plain_text", "text": each}, "value": each}
            for number, each in enumerate(lines)
        ]
        return self._write(channel, self.bot, "a message", blocks=[{"type": "actions", "elements": elements}])

    def _ts(self) -> str:
        return f"{int(self.clock())}.{next(self._numbers):06}"

    # The Web API.

    def is_authorized(self, request: Request) -> bool:
        return True  # a wrong token is a 200 with `ok: false`

    def routes(self) -> list[Route]:
        methods = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.open": self._open,
            "conversations.info": self._info,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "reactions.add": self._react,
            "users.info": self._user_info,
            "apps.connections.open": self._open_connection,
            "views.open": self._open_view,
            "views.publish": self._publish_view,
        }
        api = [
            Route(f"/api/{name}", self.endpoint(name, self._method(name, method)), methods=["GET", "POST"])
            for name, method in methods.items()
        ]
        return [*api, Route("/commands/{rest:path}", self.endpoint("response", self._respond), methods=["POST"])]

    def refuse(self, status: int) -> Any:
        return {"ok": False, "error": "ratelimited" if status == 429 else "internal_error"}

    def _method(self, name: str, method: Callable[[Json], Json]) -> Callable[[Request, Any], Answer]:
        def answer(request: Request, body: Any) -> Answer:
            arguments = arguments_of(request, body)
            try:
                self._check_token(request, arguments, _NEEDS.get(name))
                return 200, {"ok": True, **method(arguments)}
            except SlackError as error:
                return 200, error.body

        return answer

    def _check_token(self, request: Request, arguments: Json, scope: str | None) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or arguments.get("token")
        if not token:
            raise SlackError("not_authed")
        if token != (self.app_token if request.url.path.endswith("/apps.connections.open") else self.token):
            raise SlackError("invalid_auth")
        self._check_scope(scope)

    def _open_connection(self, _: Json) -> Json:
        if not self.socket_url:
            raise SlackError("link_disabled")
        return {"url": f"{self.socket_url}/link/?ticket={next(self._numbers)}"}

    def _check_scope(self, scope: str | None) -> None:
        if scope is not None and scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def _auth_test(self, _: Json) -> Json:
        return {"url": "https://trellis.example/", "team": "Trellis", "team_id": self.team, "user": self.bot.name, "user_id": self.bot.id}

    def _post(self, arguments: Json) -> Json:
        channel = self._open_channel(arguments)
        written = content(arguments)
        thread = arguments.get("thread_ts")
        if thread is not None and not any(each.ts == thread for each in self.messages(channel)):
            raise SlackError("thread_not_found")
        message = self._write(channel, self.bot, thread=thread, **written)
        return {"channel": channel.id, "ts": message.ts, "message": self._as_read(message)}

    def _post_ephemeral(self, arguments: Json) -> Json:
        channel = self._open_channel(arguments)
        if arguments.get("user") not in channel.members:
            raise SlackError("user_not_in_channel")
        message = self._write(channel, self.bot, whispered_to=str(arguments["user"]), **content(arguments))
        return {"message_ts": message.ts}

    def _update(self, arguments: Json) -> Json:
        message = self._own(arguments)
        for name, value in content(arguments).items():
            setattr(message, name, value)
        message.versions += 1
        return {"channel": message.channel, "ts": message.ts, "text": message.text}

    def _delete(self, arguments: Json) -> Json:
        message = self._own(arguments)
        self._messages.remove(message)
        return {"channel": message.channel, "ts": message.ts}

    def delete(self, message: Message) -> None:
        """Someone removes a message by hand."""
        self._messages.remove(message)

    def _open(self, arguments: Json) -> Json:
        user = self.users.get(str(arguments.get("users", "")))
        if user is None:
            raise SlackError("user_not_found")
        if user.unwritable or user is self.bot:
            raise SlackError(user.unwritable or "cannot_dm_bot")
        return {"channel": {"id": self.direct(user).id}}

    def _info(self, arguments: Json) -> Json:
        channel = self._known(arguments)
        about = {"id": channel.id, "name": channel.name, "is_archived": channel.is_archived}
        return {"channel": {**about, "is_member": self.bot.id in channel.members, "is_im": channel.id.startswith("D")}}

    def _history(self, arguments: Json) -> Json:
        return self._page(arguments, list(reversed(self.messages(self._readable(arguments)))))

    def _replies(self, arguments: Json) -> Json:
        there = self.messages(self._readable(arguments), str(arguments.get("ts", "")))
        if not there:
            raise SlackError("thread_not_found")
        return self._page(arguments, there)

    def _page(self, arguments: Json, there: list[Message]) -> Json:
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        shown = there[start : start + limit]
        rest = str(start + limit) if start + limit < len(there) else ""
        is_with_metadata = str(arguments.get("include_all_metadata")).lower() in ("1", "true") and "metadata.message:read" in self.scopes
        messages = [self._as_read(each) | ({"metadata": each.metadata} if is_with_metadata and each.metadata else {}) for each in shown]
        return {"messages": messages, "has_more": bool(rest), "response_metadata": {"next_cursor": rest}}

    def _react(self, arguments: Json) -> Json:
        channel = self._known(arguments)
        if self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        message = self._at(channel, arguments.get("timestamp"))
        if arguments.get("name") in message.reactions:
            raise SlackError("already_reacted")
        message.reactions.append(str(arguments["name"]))
        return {}

    def _user_info(self, arguments: Json) -> Json:
        user = self.users.get(str(arguments.get("user")))
        if user is None:
            raise SlackError("user_not_found")
        return {
            "user": {
                "id": user.id,
                "name": user.name,
                "team_id": user.team,
                "is_bot": user is self.bot,
                "deleted": False,
                "is_restricted": user.is_guest,
            }
        }

    def _open_view(self, arguments: Json) -> Json:
        user = self._triggers.pop(str(arguments.get("trigger_id")), None)
        if user is None:
            raise SlackError("expired_trigger_id")
        self.forms[user] = {"id": f"V{next(self._numbers)}", "team_id": self.team, **view_of(arguments, "modal")}
        return {"view": self.forms[user]}

    def _publish_view(self, arguments: Json) -> Json:
        user = self.users.get(str(arguments.get("user_id")))
        if user is None:
            raise SlackError("invalid_arguments")
        known = self.homes.get(user.id, {"id": f"V{next(self._numbers)}", "team_id": self.team})
        self.homes[user.id] = {**known, **view_of(arguments, "home")}
        return {"view": self.homes[user.id]}

    def _respond(self, request: Request, body: Any) -> Answer | Response:
        there = self._response_urls.get(request.url.path)
        if there is None or self.clock() - there.made_at > _LIFE_S or there.uses >= _MOST_USES:
            return Response("used_url" if there and there.uses >= _MOST_USES else "expired_url", 404)
        there.uses += 1
        try:
            written = content(body if isinstance(body, dict) else {})
        except SlackError as error:
            return Response(str(error), 400)
        to = there.user if body.get("response_type", "ephemeral") == "ephemeral" else None
        self._write(self.channels[there.channel], self.bot, whispered_to=to, **written)
        return Response("ok")

    def _known(self, arguments: Json) -> Channel:
        channel = self.channels.get(str(arguments.get("channel", "")))
        if channel is None or (channel.id.startswith("D") and self.bot.id not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def _open_channel(self, arguments: Json) -> Channel:
        channel = self._known(arguments)
        if channel.is_archived:
            raise SlackError("is_archived")
        if self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def _readable(self, arguments: Json) -> Channel:
        channel = self._known(arguments)
        self._check_scope(_HISTORY[channel.id[0]])
        if self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def _own(self, arguments: Json) -> Message:
        message = self._at(self._open_channel(arguments), arguments.get("ts"))
        if message.user != self.bot.id:
            raise SlackError("cant_update_message")
        return message

    def _at(self, channel: Channel, ts: Any) -> Message:
        found = next((each for each in self._messages if each.channel == channel.id and each.ts == ts and not each.whispered_to), None)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def _as_read(self, message: Message) -> Json:
        shown: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
        thread = {} if message.thread == message.ts else {"thread_ts": message.thread}
        bot = {"bot_id": "B0BOT", "app_id": "A0TRELLIS"} if message.user == self.bot.id else {}
        return {**shown, **thread, **bot, "blocks": message.blocks}

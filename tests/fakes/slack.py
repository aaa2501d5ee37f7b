"""A stateful Slack over real HTTP: its Web API, response URLs, and the signed requests it sends when people type.

`slack.api_url` is what the bot is given; faults are named by the method ("chat.postMessage"), response URLs by "response".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from tests.fakes.slack_presses import SlackPresses
from tests.fakes.slack_shapes import Channel, Delivery, Json, Message, ResponseUrl, SlackError, User

__all__ = ["Channel", "Delivery", "FakeSlack", "Message", "SlackError", "User"]


class FakeSlack(SlackPresses):
    """Serve it with `with FakeSlack() as slack:`. `scopes` is what the bot's token may do."""

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def response_hosts(self) -> frozenset[str]:
        """What the bot is configured with, so that response URLs of this stand-in are taken."""
        return frozenset({self.url})

    def slash(self, user: User, channel: Channel, command: str, text: str = "", **fields: str) -> Delivery:
        number = next(self._numbers)
        path = f"/commands/{self.team}/{number}/secret{number}"
        self._response_urls[path] = ResponseUrl(user.id, channel.id, self.clock())
        form = {
            "token": "verification",
            "team_id": user.team,
            "team_domain": "trellis",
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": "A0TRELLIS",
            "is_enterprise_install": "false",
            "response_url": f"{self.url}{path}",
            "trigger_id": self._trigger(user, number),
        }
        return self.signed(urlencode(form | fields).encode(), "application/x-www-form-urlencoded")

    def mention(self, user: User, channel: Channel, text: str, thread: str | None = None, **event: Any) -> Delivery:
        """Someone writes in a channel where the bot is; `text` has `<@U0BOT>` put in for `@trellis`."""
        message = self._write(channel, user, text.replace("@trellis", f"<@{self.bot.id}>"), thread)
        return self._event({"type": "app_mention", **self._as_event(message), **event}, message)

    def dm(self, user: User, text: str, thread: str | None = None, **event: Any) -> Delivery:
        message = self._write(self.direct(user), user, text, thread)
        return self._event({"type": "message", "channel_type": "im", **self._as_event(message), **event}, message)

    def edit(self, message: Message, text: str) -> Delivery:
        """An edit as Slack tells of it: of a mention the same event again, in a direct message `message_changed`."""
        before, message.text = dict(self._as_event(message)), text.replace("@trellis", f"<@{self.bot.id}>")
        edited = {"user": message.user, "ts": self._ts()}
        if not message.channel.startswith("D"):
            return self._event({"type": "app_mention", **self._as_event(message), "edited": edited}, message)
        after = {"type": "message", **self._as_event(message), "edited": edited}
        changed = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": message.channel, "channel_type": "im"}
        ts = self._ts()
        return self._event(
            {**changed, "ts": ts, "event_ts": ts, "message": after, "previous_message": {"type": "message", **before}}, message
        )

    def remove(self, message: Message) -> Delivery:
        """Someone deletes their own direct message, and Slack tells of it."""
        self.delete(message)
        ts = self._ts()
        told = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": message.channel, "channel_type": "im"}
        before = {"type": "message", **self._as_event(message)}
        return self._event({**told, "ts": ts, "event_ts": ts, "deleted_ts": message.ts, "previous_message": before}, message)

    def bot_speaks(self, message: Message) -> Delivery:
        """What Slack tells the bot of its own direct message."""
        told = {**self._as_event(message), "bot_id": "B0BOT", "app_id": "A0TRELLIS"}
        return self._event({"type": "message", "channel_type": "im", **told}, message)

    def retry(self, delivery: Delivery, number: int = 1, reason: str = "http_timeout") -> Delivery:
        """The same body sent again, signed anew."""
        again = self.signed(delivery.body, delivery.headers["content-type"], delivery.message)
        return Delivery({**again.headers, "x-slack-retry-num": str(number), "x-slack-retry-reason": reason}, again.body, again.message)

    def challenge(self, challenge: str = "a-challenge") -> Delivery:
        body = {"token": "verification", "challenge": challenge, "type": "url_verification"}
        return self.signed(json.dumps(body).encode(), "application/json")

    def signed(self, body: bytes, content_type: str, message: Message | None = None) -> Delivery:
        stamp = str(int(self.signing_clock()))
        signature = hmac.new(self.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {"content-type": content_type, "x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signature}"}
        return Delivery(headers, body, message)

    def _event(self, event: Json, message: Message | None) -> Delivery:
        body = {
            "token": "verification",
            "team_id": self.team,
            "api_app_id": "A0TRELLIS",
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{next(self._numbers):08}",
            "event_time": int(self.clock()),
            "authed_users": [self.bot.id],
            "authorizations": [
                {"enterprise_id": None, "team_id": self.team, "user_id": self.bot.id, "is_bot": True, "is_enterprise_install": False}
            ],
            "is_ext_shared_channel": False,
        }
        return self.signed(json.dumps(body).encode(), "application/json", message)

    def _as_event(self, message: Message) -> Json:
        shown = {"channel": message.channel, "user": message.user, "text": message.text, "ts": message.ts, "event_ts": message.ts}
        thread = {} if message.thread == message.ts else {"thread_ts": message.thread}
        return {**shown, **thread, "team": self.users[message.user].team, "client_msg_id": f"client-{message.ts}"}

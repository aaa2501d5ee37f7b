"""What Slack sends when people press things: https://docs.slack.dev/reference/interaction-payloads."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_shapes import Delivery, Json, ResponseUrl, buttons_in

if TYPE_CHECKING:
    from tests.fakes.slack_shapes import Message, User


class SlackPresses(SlackApi):
    """People press what the bot's messages offer."""

    def press(self, user: User, message: Message, label: str, after_s: int = 0, more: Json | None = None) -> Delivery:
        """Press the button of that label, so many seconds from now. Each press has a time of its own, as in Slack."""
        [found] = [each for each in message.buttons if each["text"]["text"] == label]
        number = next(self._numbers)
        path = f"/commands/{self.team}/{number}/secret{number}"
        self._response_urls[path] = ResponseUrl(user.id, message.channel, self.clock())
        thread = {} if message.thread == message.ts else {"thread_ts": message.thread}
        is_whisper = message.whispered_to is not None
        container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": is_whisper, **thread}
        shown = {"user": message.user, "type": "message", "ts": message.ts, "bot_id": "B0BOT", "text": message.text, "team": self.team}
        payload = {
            **self._interaction("block_actions", user, number),
            "container": container,
            "channel": {"id": message.channel, "name": self.channels[message.channel].name},
            **({} if is_whisper else {"message": {**shown, **thread, "blocks": message.blocks}}),
            "state": {"values": {}},
            "response_url": f"{self.url}{path}",
            "actions": [self._action(found, after_s)],
        }
        return self._pressed({**payload, **(more or {})})

    # Views: https://docs.slack.dev/surfaces/modals, https://docs.slack.dev/surfaces/app-home.

    def look_home(self, user: User, tab: str = "home") -> Delivery:
        """Someone opens the app's home."""
        event = {"type": "app_home_opened", "user": user.id, "channel": self.direct(user).id, "tab": tab, "event_ts": self._ts()}
        return self._event(event, None)

    def press_home(self, user: User, label: str) -> Delivery:
        view = self.homes[user.id]
        [found] = [each for each in buttons_in(view["blocks"]) if each["text"]["text"] == label]
        payload = self._interaction("block_actions", user, next(self._numbers))
        container = {"type": "view", "view_id": view["id"]}
        return self._pressed({**payload, "container": container, "view": view, "actions": [self._action(found)]})

    def shortcut(self, user: User, callback_id: str) -> Delivery:
        payload = self._interaction("shortcut", user, next(self._numbers))
        return self._pressed({**payload, "callback_id": callback_id, "action_ts": self._ts()})

    def submit(self, user: User, **fields: str) -> Delivery:
        """Fill in the form that is open before somebody, and send it."""
        view = self.forms[user.id]
        elements = {block["block_id"]: block["element"] for block in view["blocks"]}
        values = {name: {each["action_id"]: _filled(each, fields.get(name))} for name, each in elements.items()}
        payload = self._interaction("view_submission", user, next(self._numbers))
        return self._pressed({**payload, "view": {**view, "state": {"values": values}}, "response_urls": []})

    def _action(self, button: Json, after_s: int = 0) -> Json:
        pressed = {name: button[name] for name in ("type", "action_id", "block_id", "text", "value")}
        seconds, _, rest = self._ts().partition(".")
        return {**pressed, "action_ts": f"{int(seconds) + after_s}.{rest}"}

    def _trigger(self, user: User, number: int) -> str:
        trigger = f"{number}.{int(self.clock())}.{hashlib.md5(str(number).encode()).hexdigest()}"
        self._triggers[trigger] = user.id
        return trigger

    def _interaction(self, kind: str, user: User, number: int) -> Json:
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
            "api_app_id": "A0TRELLIS",
            "token": "verification",
            "trigger_id": self._trigger(user, number),
            "team": {"id": self.team, "domain": "trellis"},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _pressed(self, payload: Json) -> Delivery:
        return self.signed(urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded")

    def _event(self, event: Json, message: Message | None) -> Delivery:
        raise NotImplementedError

    def signed(self, body: bytes, content_type: str, message: Message | None = None) -> Delivery:
        raise NotImplementedError


def _filled(element: Json, given: str | None) -> Json:
    """The state of one field; what was chosen already stays unless something else is given."""
    if element["type"] != "static_select":
        return {"type": element["type"], "value": given}
    options = {each["value"]: each for each in element["options"]}
    chosen = options[given] if given is not None else element.get("initial_option")
    return {"type": "static_select", "selected_option": chosen}

"""The stand-in of Slack: what it remembers, and what it takes for a message."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from starlette.requests import Request

Json = dict[str, Any]

_SECTION, _FIELD, _HEADER = 3_000, 2_000, 150


@dataclass(eq=False)
class User:
    """`unwritable` is what `conversations.open` answers for somebody to whom the bot cannot write: `user_disabled`, `cannot_dm_bot` …"""

    id: str
    name: str
    team: str
    unwritable: str = ""
    is_guest: bool = False


@dataclass(eq=False)
class Channel:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_archived: bool = False


@dataclass(eq=False)
class Message:
    """`thread` is the ts of the root, the message's own when it is one or stands alone."""

    channel: str
    ts: str
    user: str
    text: str
    thread: str
    blocks: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    reactions: list[str] = field(default_factory=list)
    versions: int = 1
    whispered_to: str | None = None

    @property
    def shown(self) -> str:
        """What a reader sees: the blocks' texts, one a line, buttons as `[label]`; the text where there are no blocks."""
        return "\n".join(shown_in(each) for each in self.blocks) if self.blocks else self.text

    @property
    def buttons(self) -> list[Json]:
        return buttons_in(self.blocks)


def shown_in(block: Json) -> str:
    if block["type"] == "actions":
        return " ".join(f"[{each['text']['text']}]" for each in block["elements"])
    return "\n".join(text["text"] for text in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())) if text)


def buttons_in(blocks: list[Json]) -> list[Json]:
    """The buttons, each with its `block_id` as Slack gives it where the app gave none."""
    return [
        {**each, "block_id": block.get("block_id", f"b{number}")}
        for number, block in enumerate(blocks)
        if block["type"] == "actions"
        for each in block["elements"]
    ]


@dataclass(frozen=True)
class Delivery:
    """A signed request as it arrives; header names in lower case."""

    headers: dict[str, str]
    body: bytes
    message: Message | None = None


@dataclass
class ResponseUrl:
    user: str
    channel: str
    made_at: float
    uses: int = 0


class SlackError(Exception):
    """Raised by a method: the answer is `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}


def arguments_of(request: Request, body: Any) -> Json:
    given: Json = dict(request.query_params)
    if isinstance(body, dict):
        return given | body
    if isinstance(body, str):
        given |= dict(parse_qsl(body, keep_blank_values=True))
    return given


def content(arguments: Json) -> Json:
    """The words, blocks and metadata of a message, checked as Slack checks them."""
    blocks, metadata = (json.loads(each) if isinstance(each := arguments.get(name), str) else each for name in ("blocks", "metadata"))
    text = arguments.get("text") or ""
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > 40_000:
        raise SlackError("msg_too_long")
    problems = _problems(blocks or [])
    if problems:
        raise SlackError("invalid_blocks", response_metadata={"messages": problems})
    return {"text": text, "blocks": blocks or [], "metadata": metadata}


def view_of(arguments: Json, kind: str) -> Json:
    """A view, checked as Slack checks it."""
    given = arguments.get("view")
    view: Json = json.loads(given) if isinstance(given, str) else given or {}
    inputs = [each for each in view.get("blocks", []) if each.get("type") == "input"]
    problems = _problems([each for each in view["blocks"] if each.get("type") != "input"], most=100)
    problems += [f"type {view.get('type')}"] if view.get("type") != kind else []
    problems += ["inputs in a home"] if inputs and kind == "home" else []
    problems += [f"{name}: text" for name in ("title", "submit", "close") if name in view and not 0 < len(view[name]["text"]) <= 24]
    problems += ["private_metadata"] if len(view.get("private_metadata", "")) > 3_000 else []
    for block in inputs:
        element = block["element"]
        options = element.get("options", [{"text": {"text": "x"}, "value": "x"}])
        fits = 0 < len(block["label"]["text"]) <= 2_000 and 0 < len(options) <= 100 and bool(element.get("action_id"))
        fits = fits and all(0 < len(each["text"]["text"]) <= 75 and 0 < len(each["value"]) <= 150 for each in options)
        problems += [] if fits else [f"input {block.get('block_id')}"]
    if problems:
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    return view


def shown_view(view: Json) -> str:
    """What a reader of a view sees."""
    return "\n".join(shown_in(each) for each in view["blocks"] if each["type"] not in ("divider", "input"))


def _problems(blocks: list[Json], most: int = 50) -> list[str]:
    """What Slack would not take: https://docs.slack.dev/reference/block-kit/blocks."""
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    problems = [f"more than {most} blocks"] if len(blocks) > most else []
    problems += ["block ids"] if len(set(ids)) != len(ids) or any(len(each) > 255 for each in ids) else []
    for block in blocks:
        if block.get("type") == "actions":
            problems += _button_problems(block)
            continue
        kind, limit = block.get("type"), _HEADER if block.get("type") == "header" else _SECTION
        if kind not in ("header", "section", "context", "divider"):
            problems.append(f"type {kind}")
        wanted = "plain_text" if kind == "header" else "mrkdwn"
        fields, elements = block.get("fields", []), block.get("elements", [])
        texts = [(block["text"], limit)] if "text" in block else []
        texts += [(each, _FIELD) for each in fields] + [(each, _SECTION) for each in elements]
        if len(fields) > 10 or len(elements) > 10 or (kind != "divider" and not texts):
            problems.append(f"{kind}: number of texts")
        problems += [f"{kind}: text" for each, most in texts if each.get("type") != wanted or not 0 < len(each.get("text", "")) <= most]
    return problems


def _button_problems(block: Json) -> list[str]:
    """https://docs.slack.dev/reference/block-kit/block-elements/button-element."""
    elements = block.get("elements", [])
    ids = [each.get("action_id") for each in elements]
    problems = ["actions: number of elements"] if not 0 < len(elements) <= 25 else []
    problems += ["actions: action ids"] if len(set(ids)) != len(ids) or not all(ids) else []
    for each in elements:
        text, confirm = each.get("text", {}), each.get("confirm")
        fits = each.get("type") == "button" and text.get("type") == "plain_text" and 0 < len(text.get("text", "")) <= 75
        fits = fits and 0 < len(each.get("value", "")) <= 2_000 and each.get("style") in (None, "primary", "danger")
        limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
        fits = fits and (confirm is None or all(0 < len(confirm[name]["text"]) <= most for name, most in limits.items()))
        problems += [] if fits else [f"button: {each}"]
    return problems

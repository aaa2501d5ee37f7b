"""Somebody's page and the form that makes an environment, as Slack's views."""

from __future__ import annotations

import json
from typing import Any

from bot.domain.home import CreateForm, Home
from bot.domain.prose import Card, Line, line
from bot.rendering.blocks import mrkdwn
from bot.rendering.clean import words
from bot.rendering.presses import actions
from bot.rendering.spans import ICONS

CREATE = "trellis:create"  # callback id of the form and of the shortcut, action id of the button
SIZES = ("small", "medium", "large")
_MOST = 20  # a view has 100 blocks
_MOST_OPTIONS = 100

Json = dict[str, Any]


def home_view(home: Home) -> Json:
    """Build https://docs.slack.dev/surfaces/app-home."""
    blocks: list[Json] = [{"type": "header", "text": _plain("Your environments")}]
    for card in home.cards[:_MOST]:
        blocks += [*_entry(card), {"type": "divider"}]
    if not home.cards:
        blocks.append(_section("You have none. Press the button, or type `/ivy create BRANCH` in a channel; `/ivy help` shows the rest."))
    elif len(home.cards) > _MOST:
        blocks.append(_section(f"…and {len(home.cards) - _MOST} more: `/ivy list --mine`"))
    make = {"type": "button", "action_id": CREATE, "text": _plain("Create an environment"), "value": "create", "style": "primary"}
    return {"type": "home", "blocks": [*blocks, {"type": "actions", "elements": [make]}]}


def _entry(card: Card) -> list[Json]:
    icon = f"{ICONS[card.tone]} " if ICONS[card.tone] else ""
    lines = [mrkdwn(line(icon, *card.title.spans, f" · {card.state}"), 400)]
    lines += [mrkdwn(each, 500) for each in card.body[:1] if isinstance(each, Line)]
    lines += [mrkdwn(line(f"{fact.name} ", *fact.value.spans), 200) for fact in card.facts if fact.name == "goes"]
    return [_section("\n".join(each for each in lines if each)), *actions(card.buttons)]


def form_view(form: CreateForm) -> Json:
    """Build https://docs.slack.dev/surfaces/modals. What the hook must know of it comes back in `private_metadata`."""
    known = {"thread": form.thread.address, "cap_h": form.cap_h}
    lives = f"Lives for, at most {form.cap_h:g} h"
    return {
        "type": "modal",
        "callback_id": CREATE,
        "private_metadata": json.dumps(known),
        "title": _plain("Create an environment"),
        "submit": _plain("Create"),
        "close": _plain("Cancel"),
        "blocks": [
            _input("project", "Project", _choice(form.projects, form.project)),
            _input("branch", "Branch", {"type": "plain_text_input", "max_length": 250, "placeholder": _plain("feature/checkout")}),
            _input("ttl", lives, {"type": "plain_text_input", "placeholder": _plain("48h")}, optional=True),
            _input("size", "Size", _choice(SIZES, ""), optional=True),
            _input("seed", "Data", _dataset(form.datasets), optional=True),
        ],
    }


def _dataset(names: tuple[str, ...]) -> Json:
    """Typed, for a branch's own file may have others."""
    some = words(f"of the branch's file, or {', '.join(names)}" if names else "a dataset of the branch's file", 150)
    return {"type": "plain_text_input", "max_length": 40, "placeholder": _plain(some, 150)}


def _choice(names: tuple[str, ...], chosen: str) -> Json:
    options = [{"text": _plain(name), "value": name[:150]} for name in names[:_MOST_OPTIONS]]
    initial = next((each for each in options if each["value"] == chosen), None)
    return {"type": "static_select", "options": options, **({"initial_option": initial} if initial else {})}


def _input(name: str, label: str, element: Json, *, optional: bool = False) -> Json:
    return {"type": "input", "block_id": name, "label": _plain(label), "optional": optional, "element": {**element, "action_id": "value"}}


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _plain(text: str, most: int = 75) -> Json:
    return {"type": "plain_text", "text": words(text, most), "emoji": False}

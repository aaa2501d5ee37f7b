"""Buttons as Slack draws them: the value is the command line, what destroys is red and asks once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bot.domain.prose import Block, Button, Code, Items, Line, Text
from bot.rendering.clean import CUT, words

# https://docs.slack.dev/reference/block-kit/block-elements/button-element: a label of 75, a value of 2000.
_LABEL, _VALUE = 75, 2_000
_MOST = 5  # more than that nobody reads; the lines still stand there to be typed
_PREFIXES = ("/ivy ", "/sled ")
_DANGER = frozenset({"terminate", "destroy", "reject"})
_PRIMARY = frozenset({"approve", "create", "resume", "restore"})
ACTION = "say"  # the action ids of our buttons: say:0, say:1 …

Json = dict[str, Any]


def can_press(button: Button) -> bool:
    return button.line.startswith(_PREFIXES) and len(button.line) <= _VALUE and bool(button.label.strip())


def suggestions(blocks: Iterable[Block]) -> tuple[Button, ...]:
    """A button for each line to try: `Try: /ivy create --ttl 48h`."""
    lines = [each for block in blocks for each in (block.lines if isinstance(block, Items) else (block,)) if isinstance(each, Line)]
    found = dict.fromkeys(line for each in lines for line in _tries(each))
    return tuple(Button(line, line) for line in found)


def _tries(line: Line) -> Iterable[str]:
    for before, after in zip(line.spans, line.spans[1:], strict=False):
        if isinstance(before, Text) and isinstance(after, Code) and before.text.endswith("Try: ") and after.text.startswith(_PREFIXES):
            yield after.text


def actions(buttons: Sequence[Button]) -> list[Json]:
    """One row of buttons, or nothing."""
    shown = [each for each in buttons if can_press(each)][:_MOST]
    return [{"type": "actions", "elements": [button(each, f"{ACTION}:{number}") for number, each in enumerate(shown)]}] if shown else []


def button(pressed: Button, action_id: str) -> Json:
    drawn: Json = {"type": "button", "action_id": action_id, "text": _plain(pressed.label, _LABEL), "value": pressed.line}
    verb = pressed.line.split()[1].lower()
    if verb in _DANGER:
        drawn |= {"style": "danger", "confirm": _confirm(pressed)}
    elif verb in _PRIMARY:
        drawn["style"] = "primary"
    return drawn


def _confirm(pressed: Button) -> Json:
    """Build https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object."""
    return {
        "title": _plain("Are you sure?", 100),
        "text": _plain(f"This says {pressed.line}", 300),
        "confirm": _plain("Yes", 30),
        "deny": _plain("No", 30),
        "style": "danger",
    }


def _plain(text: str, limit: int) -> Json:
    shown = words(text, limit + 1).strip()
    return {"type": "plain_text", "text": shown if len(shown) <= limit else shown[: limit - 1] + CUT, "emoji": False}

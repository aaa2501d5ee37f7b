"""Whether a repository wants an environment made when a request is opened: `create: {on: opened, branches: [feature/*], drafts: true}`."""

from __future__ import annotations

from bot.domain.devenv_file import MOST_BRANCHES, Create, keys_of
from bot.domain.devenv_nodes import at, fields_of, nearest
from bot.domain.service_config import Opening, Problems
from bot.domain.yaml_nodes import Node, Scalar, Sequence

_ON = ("opened", "command")


def opening_of(node: Node, problems: Problems) -> Opening:
    fields = fields_of(node, '"create"', keys_of(Create), problems, "create: {on: opened}")
    if fields is None:
        return Opening()
    on = _on(fields["on"], problems) if "on" in fields else False
    branches = _branches(fields["branches"], problems) if "branches" in fields else ()
    return Opening(on, branches, _drafts(fields["drafts"], problems) if "drafts" in fields else False)


def _on(node: Node, problems: Problems) -> bool:
    text = node.text if isinstance(node, Scalar) else ""
    if text not in _ON:
        problems.add(at(node), "wrong_type", '"on" is opened or command', nearest(text, _ON))
    return text == "opened"


def _branches(node: Node, problems: Problems) -> tuple[str, ...]:
    items = node.items if isinstance(node, Sequence) else ()
    names = tuple(item.text for item in items if isinstance(item, Scalar) and isinstance(item.value, str))
    if not items or len(names) != len(items):
        problems.add(at(node), "wrong_type", '"branches" is a list of names, * in them for any letters', "branches: [feature/*]")
    elif len(items) > MOST_BRANCHES:
        problems.add(at(items[MOST_BRANCHES]), "too_many", f"there are too many branches: {MOST_BRANCHES} at most")
    return names


def _drafts(node: Node, problems: Problems) -> bool:
    value = node.value if isinstance(node, Scalar) else None
    if not isinstance(value, bool):
        problems.add(at(node), "wrong_type", '"drafts" is true or false', "drafts: true")
    return value is True

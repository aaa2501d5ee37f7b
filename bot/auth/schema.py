"""What rules may speak of, as a Cedar schema: made from the commands, so that a rule about one that is not there is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.auth.policy import Action

NOUNS = """
entity Group;
entity Role in [Role];
entity Person in [Role, Group] = { platform: String, id: String, identities: Set<String> };
entity Trellis;
entity Project = { forge: String };
entity Environment in [Project] = { forge: String, owner: String };
entity Service in [Project] = { forge: String, groups: Set<String> };
"""


@dataclass(frozen=True)
class Known:
    """A command as rules see it: the group it belongs to, and its options with their types (`Bool`, `Long`, `String`)."""

    group: Action
    options: Mapping[str, str] = field(default_factory=dict)


def schema_of(actions: Mapping[str, Known]) -> str:
    """The schema's text."""
    groups = ", ".join(f'"{each}"' for each in Action)
    # A rule about a group that has no command yet is no mistake.
    empty = {f"any {each}": Known(each) for each in Action if each not in {known.group for known in actions.values()}}
    return "\n".join([NOUNS, f"action {groups};", *(_action(words, known) for words, known in {**actions, **empty}.items())])


def _action(words: str, known: Known) -> str:
    said = ", ".join(f"{name}?: {kind}" for name, kind in known.options.items())
    context = f"{{ place: String, channel: String, is_fork: Bool, environment: String, said: {{ {said} }} }}"
    applies_to = f"principal: [Person], resource: [Trellis, Project, Environment, Service], context: {context}"
    return f'action "{words}" in ["{known.group}"] appliesTo {{ {applies_to} }};'

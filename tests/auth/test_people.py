"""What the configuration makes of somebody: a ban, a project's own word, else the highest."""

from __future__ import annotations

import pytest

from bot.auth.people import Group, People, Told
from bot.auth.policy import Role

PEOPLE = People(
    roles={"github:7": Role.VIEWER, "slack:U1": Role.DEVELOPER, "slack:UBAD": Role.NOBODY},
    groups={"traders": Group(frozenset({"github:7", "github:9"}), Role.DEVELOPER), "others": Group(frozenset({"github:9", "slack:UBAD"}))},
    project_roles={"shop": {"github:7": Role.ADMIN, "slack:U1": Role.VIEWER, "slack:UBAD": Role.ADMIN}},
    project_groups={"shop": {"traders": Role.VIEWER}, "tools": {"traders": Role.NOBODY, "others": Role.ADMIN}},
)


@pytest.mark.parametrize(
    ("identities", "project", "told"),
    [
        ({"github:1"}, "shop", Told()),
        ({"github:7"}, "lab", Told(Role.DEVELOPER, "the group traders")),
        ({"github:7"}, None, Told(Role.DEVELOPER, "the group traders")),
        ({"github:7"}, "shop", Told(Role.ADMIN, "the configuration of shop", is_final=True)),
        ({"github:9"}, "shop", Told(Role.VIEWER, "the configuration of shop", is_final=True)),
        ({"github:9"}, "tools", Told(Role.ADMIN, "the configuration of tools", is_final=True)),
        ({"github:7"}, "tools", Told(Role.NOBODY, "the configuration of tools", is_final=True)),
        ({"slack:U1"}, "lab", Told(Role.DEVELOPER, "the configuration")),
        ({"slack:U1"}, "shop", Told(Role.VIEWER, "the configuration of shop", is_final=True)),
        ({"slack:U1", "github:7"}, "shop", Told(Role.ADMIN, "the configuration of shop", is_final=True)),
        ({"slack:UBAD"}, "shop", Told(Role.NOBODY, "the configuration says nobody", is_final=True)),
        ({"slack:UBAD", "slack:U1"}, "lab", Told(Role.NOBODY, "the configuration says nobody", is_final=True)),
    ],
)
def test_what_is_configured(identities: set[str], project: str | None, told: Told) -> None:
    assert PEOPLE.told(frozenset(identities), project) == told

"""The one decision: rules as text, what they decide, and what a no says."""

from __future__ import annotations

import pytest

from bot.auth.asked import Asked, Resource
from bot.auth.policies import Policies, default_text
from bot.auth.policy import Action, Decision, Role, Standing, role_of
from bot.auth.schema import Known
from bot.auth.text import PolicyError, Text
from bot.domain.project import Right
from bot.handlers.actions import ACTIONS, known_actions

MAY = {
    Role.NOBODY: set(),
    Role.VIEWER: {Action.LEARN, Action.JOIN, Action.LOOK},
    Role.DEVELOPER: set(Action) - {Action.APPROVE},
    Role.ADMIN: set(Action),
}
SHOP = Resource("shop", "github")
DEMO = Resource("shop", "github", "e1", "github:7")


@pytest.fixture(scope="module")
def rules() -> Policies:
    return Policies([default_text()], known_actions())


def asked(action: str, role: Role, resource: Resource = SHOP, *, person: str = "github:7", **more: object) -> Asked:
    return Asked(action, person, Standing(role), resource, **more)  # type: ignore[arg-type]


def with_rule(text: str, *, instead: bool = False) -> Policies:
    return Policies([*([] if instead else [default_text()]), Text("more.cedar", text)], known_actions())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("words", sorted(ACTIONS))
def test_each_role_may_what_its_group_allows(rules: Policies, role: Role, words: str) -> None:
    for resource in (Resource(), SHOP, DEMO):
        assert rules.authorize(asked(words, role, resource)).is_allowed == (ACTIONS[words] in MAY[role])


def test_a_no_names_the_rule_and_who_may(rules: Policies) -> None:
    assert rules.authorize(asked("ivy create", Role.VIEWER)) == Decision(
        is_allowed=False,
        code="not_allowed",
        reason="it needs the role developer here, and yours is viewer",
        rule="changing",
        roles=(Role.DEVELOPER, Role.ADMIN),
    )
    doubtful = Asked("ivy help", "github:7", Standing(Role.NOBODY, doubt="the forge did not answer"))
    assert rules.authorize(doubtful) == Decision(
        is_allowed=False,
        code="not_allowed",
        reason="the forge did not answer",
        rule="looking",
        roles=(Role.VIEWER, Role.DEVELOPER, Role.ADMIN),
    )
    assert rules.authorize(asked("ivy create", Role.ADMIN)) == Decision(is_allowed=True)


def test_what_no_rule_knows_is_denied_to_all(rules: Policies) -> None:
    for role in Role:
        decision = rules.authorize(asked("ivy launch", role))
        assert (decision.is_allowed, decision.reason) == (False, "no rule knows it")


def test_without_rules_all_is_denied() -> None:
    nothing = Policies([], known_actions())
    assert not any(nothing.authorize(asked(words, Role.ADMIN)).is_allowed for words in ACTIONS)


def test_a_forbid_wins_and_names_the_argument() -> None:
    rules = with_rule(
        """
        // large ones cost four times as much; "so;" they say
        @id("no-large")
        @reason("large environments are for admins; ask one.")
        @argument("--size")
        forbid (principal, action, resource)
        when { context.said has size && context.said.size == "large" }
        unless { principal in Role::"admin" };
        """
    )
    assert rules.authorize(asked("ivy create", Role.DEVELOPER, said={"size": "small"})).is_allowed
    assert rules.authorize(asked("ivy create", Role.ADMIN, said={"size": "large"})).is_allowed
    assert rules.authorize(asked("ivy create", Role.DEVELOPER, said={"size": "large"})) == Decision(
        is_allowed=False,
        code="not_allowed",
        reason="large environments are for admins; ask one",
        rule="no-large",
        argument="--size",
        roles=(Role.ADMIN,),
    )


def test_rules_may_speak_of_owner_project_group_channel_and_place() -> None:
    rules = with_rule(
        """
        @id("looking") @reason("x")
        permit (principal in Role::"viewer", action in Action::"look", resource);
        @id("own") @reason("only who owns it")
        permit (principal, action == Action::"ivy terminate", resource is Environment) when { principal.identities.contains(resource.owner) };
        @id("traders") @reason("only traders")
        permit (principal in Group::"traders", action == Action::"ivy restart", resource in Project::"shop");
        @id("desk") @reason("only in the desk's channel")
        permit (principal, action == Action::"ivy extend", resource)
        when { context.channel == "C0DESK" && context.place == "channel" && principal.platform == "slack" };
        """,
        instead=True,
    )
    owner = Standing(Role.VIEWER, identities=frozenset({"slack:U1", "github:7"}))
    assert rules.authorize(Asked("ivy terminate", "slack:U1", owner, DEMO)).is_allowed
    other = rules.authorize(Asked("ivy terminate", "slack:U2", Standing(Role.ADMIN), DEMO))
    assert (other.is_allowed, other.rule, other.reason, other.roles) == (False, "own", "only who owns it", ())
    trader = Standing(Role.NOBODY, groups=frozenset({"traders"}))
    assert rules.authorize(Asked("ivy restart", "slack:U1", trader, DEMO)).is_allowed
    assert not rules.authorize(Asked("ivy restart", "slack:U1", trader, Resource("tools", "gitlab", "e2"))).is_allowed
    said = Asked("ivy extend", "slack:U1", owner, DEMO, place="channel", channel="C0DESK")
    assert rules.authorize(said).is_allowed
    assert not rules.authorize(Asked("ivy extend", "github:1", owner, DEMO, place="channel", channel="C0DESK")).is_allowed


def test_names_decide_nothing() -> None:
    """Ids that hold quotes and other syntax are ids."""
    rules = with_rule('@id("x") @reason("y") permit (principal == Person::"slack:U1", action, resource);', instead=True)
    for odd in ('slack:U1"', "slack:u1", "slack:U1\n", 'slack:U1"; permit(principal,action,resource);', ""):
        assert not rules.authorize(asked("ivy list", Role.NOBODY, person=odd)).is_allowed
    assert rules.authorize(asked("ivy list", Role.NOBODY, person="slack:U1")).is_allowed


GOOD = '@id("a") @reason("b") permit (principal, action, resource);'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("permit (principal, action, resource);", 'more.cedar:1: every rule needs @id("…") and @reason("…")'),
        (f"{GOOD}\n\n// so\n{GOOD}", 'more.cedar:4: there are two rules with @id("a")'),
        (f"{GOOD}\nallow (principal, action, resource);", "more.cedar:2: cannot be read: invalid policy effect: allow"),
        (f'{GOOD}\n@id("c")\npermit (principal, action resource);', "more.cedar:3: cannot be read: unexpected token `resource`"),
        (f"{GOOD}\n\npermit (principal, action, resource) when {{", "more.cedar:3: cannot be read: unexpected end of input"),
        (
            '@id("a")\n@reason("b")\npermit (principal,\n  action == Action::"ivy crate",\n  resource);',
            'more.cedar:4: unrecognized action `Action::"ivy crate"`, did you mean `Action::"ivy create"`?',
        ),
        (
            '@id("a") @reason("b")\npermit (principal in Role::"boss", action, resource);',
            "more.cedar:2: there is no role 'boss': viewer, developer or admin",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line(text: str, line: str) -> None:
    with pytest.raises(PolicyError) as error:
        with_rule(text)
    assert str(error.value).startswith(line.partition(", did you")[0])


def test_an_attribute_that_is_not_there_is_found_before_anybody_trips_over_it() -> None:
    with pytest.raises(PolicyError, match=r"^more.cedar:3: attribute `nickname` "):
        with_rule('@id("a") @reason("b")\npermit (principal, action, resource)\nwhen { principal.nickname == "dana" };')
    with pytest.raises(PolicyError, match=r"^more.cedar:1: "):  # optional, and not asked for
        with_rule('@id("a") @reason("b") permit (principal, action == Action::"ivy create", resource) when { context.said.ttl > 3 };')


def test_a_rule_of_the_same_id_in_two_files_is_refused() -> None:
    with pytest.raises(PolicyError, match="there is a rule 'looking' already in another file"):
        with_rule('@id("looking") @reason("b") permit (principal, action, resource);')


def test_a_new_command_needs_one_line_only() -> None:
    rules = Policies([default_text()], {**known_actions(), "ivy dance": Known(Action.CHANGE, {"slow": "Bool"})})
    assert rules.authorize(asked("ivy dance", Role.DEVELOPER, said={"slow": True})).is_allowed
    assert not rules.authorize(asked("ivy dance", Role.VIEWER)).is_allowed


def test_only_the_right_to_write_makes_somebody_of_anybody() -> None:
    assert {right: role_of(right) for right in Right} == {
        Right.NONE: Role.NOBODY,
        Right.READ: Role.NOBODY,
        Right.WRITE: Role.DEVELOPER,
        Right.ADMIN: Role.ADMIN,
    }

"""What a lock's words mean, and what they cover."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Catalogue, DeployGroup, Service, SharedEnvironment
from bot.domain.scopes import NotOne, Scope, ScopeKind, known, parse

SHOP = Catalogue(
    services={key: Service(key, "shop") for key in ("payments", "ledger", "web", "qa", "all-night")},
    environments={key: SharedEnvironment(key, number) for number, key in enumerate(("dev", "qa", "prod"))},
    groups={"core": DeployGroup("core", (("ledger",), ("payments",))), "web": DeployGroup("web", (("web",),))},
)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("all", Scope(ScopeKind.ALL)),
        ("ALL", Scope(ScopeKind.ALL)),
        ("prod", Scope(ScopeKind.ENVIRONMENT, "prod")),
        (" Prod ", Scope(ScopeKind.ENVIRONMENT, "prod")),
        ("core", Scope(ScopeKind.GROUP, "core")),
        ("payments", Scope(ScopeKind.SERVICE, "payments")),
        ("payments:prod", Scope(ScopeKind.SERVICE, "payments", "prod")),
        ("core:prod", Scope(ScopeKind.GROUP, "core", "prod")),
        ("service/qa", Scope(ScopeKind.SERVICE, "qa")),
        ("environment/qa", Scope(ScopeKind.ENVIRONMENT, "qa")),
        ("qa:qa", Scope(ScopeKind.SERVICE, "qa", "qa")),
        ("group/web:dev", Scope(ScopeKind.GROUP, "web", "dev")),
        ("mono", Scope(ScopeKind.ALL)),
        ("mono:prod", Scope(ScopeKind.ENVIRONMENT, "prod")),
    ],
)
def test_a_word_is_one_scope(text: str, scope: Scope) -> None:
    assert parse(text, SHOP) == scope


@pytest.mark.parametrize(
    ("text", "word", "meant"),
    [
        ("web", "web", ["group/web", "service/web"]),
        ("web:prod", "web", ["group/web:prod", "service/web:prod"]),
        ("qa", "qa", ["environment/qa", "service/qa"]),
        ("shipping", "shipping", []),
        ("payments:staging", "staging", []),
        ("payments:", "", []),
        ("", "", []),
        (":", "", []),
        ("/", "/", []),
        ("all:prod", "all", []),
        ("prod:prod", "prod", []),
        ("service/prod", "service/prod", []),
        ("nothing/payments", "nothing/payments", []),
        ("service/payments:prod:dev", "prod:dev", []),
        ("payments' OR 1=1", "payments' or 1=1", []),
        ("../payments", "../payments", []),
    ],
)
def test_a_word_that_is_none_or_several_is_told_as_that(text: str, word: str, meant: list[str]) -> None:
    assert parse(text, SHOP) == NotOne(word, tuple(Scope.stored(each) for each in meant))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("all", {"payments:dev", "payments:prod", "web:dev", "web:prod"}),
        ("environment/prod", {"payments:prod", "web:prod"}),
        ("service/payments", {"payments:dev", "payments:prod"}),
        ("service/payments:prod", {"payments:prod"}),
        ("group/core", {"payments:dev", "payments:prod"}),
        ("group/core:dev", {"payments:dev"}),
        ("service/gone", set()),
    ],
)
def test_what_a_scope_covers(scope: str, covered: set[str]) -> None:
    places = [(service, environment) for service in ("payments", "web") for environment in ("dev", "prod")]
    found = {f"{each}:{where}" for each, where in places if Scope.stored(scope).covers(each, where, SHOP.groups_of(each))}
    assert found == covered


def test_the_most_specific_comes_first() -> None:
    texts = ["all", "environment/prod", "group/core", "service/payments", "group/core:prod", "service/payments:prod"]
    found = sorted((Scope.stored(each) for each in texts), key=lambda each: each.breadth)
    assert [str(each) for each in found] == list(reversed(texts))


def test_a_group_that_is_called_mono_by_the_operator_is_what_they_say() -> None:
    own = Catalogue(SHOP.services, SHOP.environments, {"mono": DeployGroup("mono", (("web",),))})
    assert parse("mono", own) == Scope(ScopeKind.GROUP, "mono")


def test_words_of_all_that_can_be_named() -> None:
    assert known(SHOP) == ("all", "all-night", "core", "dev", "ledger", "mono", "payments", "prod", "qa", "web")
    assert known(Catalogue()) == ("all",)


@given(st.sampled_from(ScopeKind), st.sampled_from(sorted(SHOP.services)), st.sampled_from(["", "dev", "prod"]))
def test_what_is_kept_is_what_was_meant(kind: ScopeKind, name: str, environment: str) -> None:
    scope = Scope(kind) if kind is ScopeKind.ALL else Scope(kind, name, environment)
    assert Scope.stored(str(scope)) == scope
    assert str(scope).endswith(scope.words)


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    found = parse(text, SHOP)
    if isinstance(found, Scope):
        assert parse(str(found), SHOP) == found
    else:
        assert len(found.meant) != 1

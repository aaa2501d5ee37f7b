"""What ran before what runs now: by all that was brought there, whatever became of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.deployment import DeploymentState as S
from bot.domain.deployment import RolloutKind as K
from bot.domain.going_back import Brought, before, line_of, to_take_back

ANY = frozenset("abcdefgh")


def brought(*moves: str) -> list[Brought]:
    """`a`: deployed; `<a`: taken back to; `!a`: failed half-way; `~a`: failed and taken back; `?a`: beta; `+a`: is at work."""
    kinds = {"<": K.ROLLBACK, "?": K.BETA}
    states = {"!": S.FAILED, "~": S.ROLLED_BACK, "+": S.RUNNING}
    return [
        Brought(f"d{at}", at, f"r{at}", each[-1], kinds.get(each[0], K.DEPLOY), states.get(each[0], S.SUCCEEDED), has_begun=True)
        for at, each in enumerate(moves, 1)
    ]


def back(*moves: str, usable: frozenset[str] = ANY) -> str | None:
    found = before(line_of(brought(*moves)), usable)
    return found.artifact_id if found else None


def test_it_is_the_one_before() -> None:
    assert back() is None
    assert back("a") is None
    assert back("a", "b") == "a"
    assert back("a", "b", "b") == "a", "the same again is nothing new"
    assert back("a", "b", "a") == "b", "who deploys what ran once goes on"


def test_going_back_again_goes_further_and_never_forth() -> None:
    assert back("a", "b", "c", "<b") == "a"
    assert back("a", "b", "c", "<b", "<a") is None
    assert back("a", "b", "c", "<b", "d") == "b"
    assert back("a", "b", "c", "<a", "d") == "a"
    assert back("a", "b", "<a", "<b") == "a", "forth again, by its number"


def test_what_failed_counts_only_where_it_may_have_left_something() -> None:
    assert back("a", "b", "!c") == "b"
    assert back("a", "b", "+c") == "b"
    assert back("a", "b", "~c") == "a"
    assert back("a", "!b") == "a"
    assert back("a", "!a") == "a", "half of the same is mended by all of it"
    assert back("!a") is None
    assert back("a", "!b", "c") == "a"


def test_betas_and_what_may_not_run_are_passed_over() -> None:
    assert back("a", "?b", "c") == "a"
    assert back("a", "?b") == "a"
    assert back("a", "b", "c", usable=ANY - {"b"}) == "a"
    assert back("a", "b", usable=ANY - {"a"}) is None


def test_of_several_what_their_last_rollout_did_not_bring_stays() -> None:
    one, other = line_of(brought("a", "b", "c")), line_of(brought("a", "b"))
    lines = {"pay": one, "web": other, "new": ()}
    assert to_take_back(lines, frozenset({"pay", "web"})) == {"pay"}
    assert to_take_back(lines, frozenset({"pay"})) == {"pay", "web"}
    assert to_take_back({}, frozenset()) == frozenset()


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_taking_back_again_and_again_comes_to_an_end(moves: list[str]) -> None:
    past = list(moves)
    for _ in range(len(moves)):
        target = back(*past)
        if target is None:
            break
        past.append(f"<{target}")
    assert back(*past) is None

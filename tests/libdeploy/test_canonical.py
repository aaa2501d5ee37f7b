"""One value, one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libdeploy.canonical import canonical, digest, plain
from libdeploy.errors import DeployError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=12
)


def test_the_form_is_this() -> None:
    assert canonical({"b": [1, True, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,true,null]}'.encode()


@given(JSON)
def test_it_can_be_read_again_and_has_the_same_form(value: object) -> None:
    import json

    assert json.loads(canonical(value)) == plain(value)
    assert digest(json.loads(canonical(value))) == digest(value)


@given(st.dictionaries(TEXT, st.integers(), min_size=2))
def test_the_order_in_which_it_was_written_is_none_of_it(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"cpu": 0.5}, "cpu is the number 0.5, which is not the same text everywhere: write it as text, like '0.5'."),
        ({"a": [{"b": {"x"}}]}, "a[0].b is a set, which has no order: make it sorted(…)."),
        ({"a": {1: "x"}}, "a has the key 1, which is no text."),
        ({"a": b"x"}, "a is of type bytes, which a plan cannot hold: text, whole numbers, true, false, lists and mappings can be."),
        ({"a": "\ud800"}, "a has half a character in it."),
        (float("nan"), "The value is the number nan, which is not the same text everywhere: write it as text, like 'nan'."),
    ],
)
def test_what_has_no_one_form_is_refused(value: object, words: str) -> None:
    with pytest.raises(DeployError) as refused:
        canonical(value)
    assert (str(refused.value), refused.value.code) == (words, "not_plain")

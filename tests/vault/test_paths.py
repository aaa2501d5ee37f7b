"""Only what an environment may have is a path at all, however else it is spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import new_id
from bot.vault import paths
from bot.vault.vault import PathRefused

ID = "01hxyzk3qc5v8m2n4r6t7w9ab0"[:26]


@pytest.mark.parametrize("path", ["/sandbox/binance/key", "/sandbox/x", f"/dev-envs/{ID}/feed", f"/dev-envs/{ID}/binance/spot/key"])
def test_what_there_may_be(path: str) -> None:
    assert paths.checked(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/prod/binance/key",
        "/PROD/binance/key",
        "prod/binance/key",
        "//prod/x",
        "/sandbox",
        "/sandbox/",
        "/sandbox//x",
        "/sandbox/../prod/x",
        "/sandbox/./x",
        "/sandbox/x/",
        "/sandbox/x\n",
        "/sandbox/x\0",
        "/sandbox/x?versionId=1",
        "/sandbox/*",
        "/sandbox/${aws:username}",
        "/sandbox/%2e%2e/prod/x",
        "/sandbox/\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}/prod",
        "/sandboxes/x",
        "/dev-envs/*/key",
        "/dev-envs/demo/key",
        f"/dev-envs/{ID.upper()}/key",
        f"/dev-envs/{ID}",
        f"/dev-envs/{ID}/",
        f"/dev-envs/{ID}/../{ID}/key",
        "arn:aws:secretsmanager:eu-west-1:1:secret:/prod/x",
        "/sandbox" + "/x" * 7,
        "/sandbox/" + "x" * 64,
    ],
)
def test_what_there_may_not_be(path: str) -> None:
    with pytest.raises(PathRefused):
        paths.checked(path)


@given(st.text(max_size=60))
def test_whatever_is_taken_is_plain_and_below_one_of_the_two(text: str) -> None:
    for path in (text, f"/sandbox/{text}", f"/dev-envs/{text}", f"/dev-envs/{ID}/{text}"):
        try:
            found = paths.checked(path)
        except PathRefused:
            continue
        assert found.isascii()
        assert found.startswith(("/sandbox/", f"/dev-envs/{ID}/"))
        assert not set(found) - set("abcdefghijklmnopqrstuvwxyz0123456789_-/")
        assert ".." not in found


def test_every_id_that_we_mint_is_one() -> None:
    for _ in range(200):
        id_ = new_id()
        assert paths.own(id_, "key") == f"/dev-envs/{id_}/key"


@pytest.mark.parametrize("name", ["*", "demo", "..", "", "?" * 26, "${aws:PrincipalTag}", ID[:25], f"{ID}0"])
def test_a_name_that_somebody_chose_is_no_id(name: str) -> None:
    with pytest.raises(PathRefused):
        paths.own(name, "key")

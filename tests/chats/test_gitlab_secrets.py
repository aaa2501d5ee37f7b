"""The token and the signature of GitLab's deliveries: what is taken and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats.gitlab_wire import verify
from bot.domain.message import Refused
from tests.chats.forges import NOW, GitLabLetters
from tests.fakes.forge import Delivery

TOKEN = "hook-tøken"


@pytest.fixture
def letter() -> Delivery:
    gitlab = GitLabLetters()
    return gitlab.says(gitlab.requests_open[0], gitlab.users[0], "/ivy create")


BOTH = {"token": TOKEN, "signing_secret": GitLabLetters().signing_secret}
TOKEN_ONLY, SIGNED_ONLY = {**BOTH, "signing_secret": ""}, {**BOTH, "token": ""}
SIGNATURE = ("webhook-id", "webhook-timestamp", "webhook-signature")


def is_taken(delivery: Delivery, secrets: dict[str, str], now: float = NOW, /, **headers: str | None) -> bool:
    """`headers` replace those of the delivery (`_` for `-`); None takes one away."""
    given = {**delivery.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    status = 200
    try:
        verify({name: value for name, value in given.items() if value is not None}, delivery.body, **secrets, now=now)
    except Refused as refusal:
        status = refusal.status
    assert status in (200, 401)
    return status == 200


def unsigned(**headers: str | None) -> dict[str, str | None]:
    return {**dict.fromkeys(SIGNATURE), **headers}


def test_either_secret_is_enough_where_it_is_configured(letter: Delivery) -> None:
    assert is_taken(letter, BOTH)
    assert is_taken(letter, BOTH, **unsigned())
    assert is_taken(letter, BOTH, x_gitlab_token=None)
    assert is_taken(letter, TOKEN_ONLY, **unsigned())
    assert is_taken(letter, TOKEN_ONLY)  # a signature that cannot be checked is not asked for
    assert is_taken(letter, SIGNED_ONLY, x_gitlab_token=None)
    assert is_taken(letter, SIGNED_ONLY, x_gitlab_token="what is not configured is not looked at")


def test_what_is_borne_must_be_right(letter: Delivery) -> None:
    assert not is_taken(letter, BOTH, x_gitlab_token="wrong")
    assert not is_taken(letter, BOTH, webhook_signature="v1,AAAA")
    assert not is_taken(letter, BOTH, webhook_signature="")
    assert not is_taken(letter, BOTH, x_gitlab_token=None, **dict.fromkeys(SIGNATURE))
    assert not is_taken(letter, TOKEN_ONLY, x_gitlab_token="wrong")
    assert not is_taken(letter, TOKEN_ONLY, x_gitlab_token="")
    assert not is_taken(letter, TOKEN_ONLY, x_gitlab_token=TOKEN + "x")
    assert not is_taken(letter, TOKEN_ONLY, x_gitlab_token="\ud800")
    assert not is_taken(letter, SIGNED_ONLY, **unsigned())  # the signature cannot be left out
    assert not is_taken(letter, {"token": "", "signing_secret": ""})
    assert not is_taken(letter, {"token": "", "signing_secret": ""}, x_gitlab_token="")


def test_a_token_arrives_as_the_bytes_that_were_configured(letter: Delivery) -> None:
    on_the_wire = TOKEN.encode().decode("latin-1")
    assert is_taken(letter, TOKEN_ONLY, x_gitlab_token=on_the_wire)


def test_a_signature_holds_for_its_body_its_id_and_five_minutes(letter: Delivery) -> None:
    assert is_taken(letter, SIGNED_ONLY, NOW + 300)
    assert is_taken(letter, SIGNED_ONLY, NOW - 300)
    assert not is_taken(letter, SIGNED_ONLY, NOW + 301)
    assert not is_taken(letter, SIGNED_ONLY, NOW - 301)
    assert not is_taken(Delivery(letter.headers, letter.body + b" "), SIGNED_ONLY)
    assert not is_taken(letter, SIGNED_ONLY, webhook_id="another")
    assert not is_taken(letter, SIGNED_ONLY, webhook_id=None)
    for stamp in ("1789000001", "", "x", "nan", "inf", "-1", "1_789_000_000", "٣", "9" * 400, None):
        assert not is_taken(letter, SIGNED_ONLY, webhook_timestamp=stamp)


def test_any_of_several_signatures_will_do(letter: Delivery) -> None:
    right = letter.headers["webhook-signature"]
    assert is_taken(letter, SIGNED_ONLY, webhook_signature=f"v1,AAAA {right}")
    assert is_taken(letter, SIGNED_ONLY, webhook_signature=f"{right} v1a,AAAA")
    assert not is_taken(letter, SIGNED_ONLY, webhook_signature=right.replace("v1,", "v2,"))
    assert not is_taken(letter, SIGNED_ONLY, webhook_signature=right.removeprefix("v1,"))


HEADERS = st.dictionaries(
    st.sampled_from(["x-gitlab-token", *SIGNATURE]), st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
)


@settings(deadline=None)
@given(
    HEADERS, st.binary(max_size=50), st.sampled_from([BOTH, TOKEN_ONLY, SIGNED_ONLY, {"token": "", "signing_secret": "whsec_not base64"}])
)
def test_nothing_made_up_is_verified(headers: dict[str, str], body: bytes, secrets: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        verify(headers, body, **secrets, now=NOW)
    assert caught.value.status == 401

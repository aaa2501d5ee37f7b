"""What Slack's requests are read as; and that nothing it could be sent makes it stumble."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chats.slack import HookAnswer, Parsed, parse, pinned, verify
from bot.chats.wire import digest
from bot.domain.message import Dialect, Edited, Person, Platform, Refused, Said, Thread
from tests.fakes.openapi import payloads
from tests.fakes.slack import FakeSlack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOW = 1_790_000_000.0
SECRET = "signing-secret"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
DANA = Person(Platform.SLACK, "U1DANA", "U1DANA")
TALK: dict[str, Any] = {"type": "app_mention", "user": "U1DANA", "text": "<@U0BOT> create demo", "ts": "1789.000100", "channel": "C1"}
DIRECT: dict[str, Any] = {
    "type": "message",
    "channel_type": "im",
    "user": "U1DANA",
    "text": "create demo",
    "ts": "1789.000100",
    "channel": "D1",
}
SLASH = {
    "team_id": "T1",
    "channel_id": "C1",
    "user_id": "U1DANA",
    "user_name": "dana",
    "command": "/ivy",
    "text": "create demo",
    "response_url": "https://hooks.slack.com/commands/T1/1/x",
    "trigger_id": "1.2.abc",
}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(clock=lambda: NOW) as served:
        yield served


def event(fields: Mapping[str, Any], **envelope: Any) -> bytes:
    return json.dumps({"type": "event_callback", "team_id": "T1", "event": fields, "event_id": "Ev1", **envelope}).encode()


def heard(fields: Mapping[str, Any], team: str = "", **envelope: Any) -> tuple[Any, ...]:
    return parse(JSON, event(fields, **envelope), team=team).incoming


def typed(**fields: str) -> Parsed:
    return parse(FORM, urlencode(SLASH | fields).encode())


def signed(body: bytes, stamp: str, secret: str = SECRET) -> dict[str, str]:
    value = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={value}"}


# Signatures.


@pytest.mark.parametrize("offset", [0, -300, 300])
def test_a_request_that_slack_signed_is_taken(offset: int) -> None:
    verify(signed(b"\xff body", str(int(NOW) + offset)), b"\xff body", signing_secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": str(int(NOW))},
        {"X-Slack-Signature": "v0=00"},
        signed(b"body", str(int(NOW) - 301)),
        signed(b"body", str(int(NOW) + 301)),
        signed(b"body", str(int(NOW)), "other"),
        signed(b"other", str(int(NOW))),
        signed(b"body", str(NOW)),
        signed(b"body", "-1"),
        signed(b"body", "٣"),
        signed(b"body", "9" * 400),
        signed(b"body", ""),
        {**signed(b"body", str(int(NOW))), "X-Slack-Signature": "v0=é\udcff"},
        {**signed(b"body", str(int(NOW))), "X-Slack-Request-Timestamp": str(int(NOW) - 1)},
    ],
)
def test_any_other_request_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        verify(headers, b"body", signing_secret=SECRET, now=NOW)
    assert refused.value.status == 401


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(Refused):
        verify(signed(b"body", str(int(NOW)), ""), b"body", signing_secret="", now=NOW)


# Slash commands.


def test_a_slash_command_is_one_line_in_a_thread_of_its_own() -> None:
    dana = Person(Platform.SLACK, "U1DANA", "dana")
    thread = Thread(
        Platform.SLACK,
        f"slack:T1:C1:slash-{digest('1.2.abc')}",
        response_url="https://hooks.slack.com/commands/T1/1/x",
        asker=dana,
        title="/ivy create demo",
    )
    assert typed() == Parsed(
        (Said("slack:T1:slash:1.2.abc", dana, thread, "/ivy create demo", message_id="", dialect=Dialect.LINE),),
        {"command": "/ivy", "text": "create demo", "team_id": "T1", "channel_id": "C1", "user_id": "U1DANA", "trigger_id": "1.2.abc"},
    )


@pytest.mark.parametrize(
    ("command", "text", "words"), [("/sled", "", "/sled"), ("/IVY", " status ", "/ivy  status"), ("/ivy", "a\0b", "/ivy a\ufffdb")]
)
def test_a_slash_command_keeps_its_words(command: str, text: str, words: str) -> None:
    assert [each.text for each in typed(command=command, text=text).incoming if isinstance(each, Said)] == [words]


def test_a_command_of_another_app_is_nothing() -> None:
    assert typed(command="/weather") == Parsed()


@pytest.mark.parametrize("missing", ["team_id", "channel_id", "user_id", "trigger_id", "command"])
def test_a_slash_command_without_what_it_needs_does_not_fit(missing: str) -> None:
    for body in ({name: value for name, value in SLASH.items() if name != missing}, SLASH | {missing: "a:b c"}):
        try:
            assert parse(FORM, urlencode(body).encode()) == Parsed()  # an unknown command is nobody's
            assert (missing, body.get(missing)) == ("command", "a:b c")
        except Refused as refused:
            assert refused.status == 400  # noqa: PT017 - either way is checked


def test_a_slash_command_of_another_workspace_is_nothing() -> None:
    assert parse(FORM, urlencode(SLASH).encode(), team="T2") == Parsed()
    assert len(parse(FORM, urlencode(SLASH).encode(), team="T1").incoming) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.slack.com/commands/1",
        "https://hooks.slack.com",
        "https://hooks.slack.com:444/x",
        "https://hooks.slack.com:/x",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com@evil.example/x",
        "https://evil.example@hooks.slack.com/x",
        "https://evil.example#@hooks.slack.com/x",
        "https://hooks.slack.com\\@evil.example/x",
        "https://hooks.slack.com/x#y",
        "https://hooks.slack.com./x",
        "https://xhooks.slack.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "//hooks.slack.com/x",
        "javascript:hooks.slack.com/x",
        "https://hooks.slack.com/x\r\nHost: evil.example",
        " https://hooks.slack.com/x",
        "https://hooks.slack.com:99999999/x",
        "https://hооks.slack.com/x",
    ],
)
def test_a_response_url_of_any_other_host_is_dropped(url: str) -> None:
    assert pinned(url) is None
    (said,) = typed(response_url=url).incoming
    assert isinstance(said, Said)
    assert said.thread.response_url is None


def test_a_stand_in_is_pinned_by_its_whole_origin() -> None:
    hosts = frozenset({"http://127.0.0.1:4701"})
    assert pinned("http://127.0.0.1:4701/x", hosts) == "http://127.0.0.1:4701/x"
    assert [pinned(url, hosts) for url in ("http://127.0.0.1:4702/x", "https://127.0.0.1:4701/x", "https://hooks.slack.com/x")] == [
        None
    ] * 3
    assert pinned("https://hooks.slack.com:443/x") == "https://hooks.slack.com:443/x"


# Events.


def test_a_mention_is_said_in_its_thread() -> None:
    said = Said(
        "slack:T1:C1:1789.000100",
        DANA,
        Thread(Platform.SLACK, "slack:T1:C1:1789.000100", asker=DANA),
        "<@U0BOT> create demo",
        "1789.000100",
        Dialect.SLACK,
        is_direct=True,
        said_at=1789.0001,
    )
    assert heard(TALK) == (said,)
    in_thread = Thread(Platform.SLACK, "slack:T1:C1:1700.000001", asker=DANA)
    assert [each.thread for each in heard(TALK | {"thread_ts": "1700.000001"})] == [in_thread]


def test_the_same_message_has_the_same_key_whatever_the_delivery() -> None:
    keys = {each.key for number in range(3) for each in heard(TALK, event_id=f"Ev{number}", event_time=number)}
    assert keys == {"slack:T1:C1:1789.000100"}


@pytest.mark.parametrize(
    ("text", "is_direct"),
    [
        ("<@U0BOT> create demo", True),
        ("  <@U0BOT|trellis> create demo", True),
        ("\u00a0<@U0BOT>\u00a0status", True),
        ("could <@U0BOT> create demo?", False),
        ("<@U9OTHER> ask <@U0BOT> to create demo", False),
        ("> <@U0BOT> create demo", False),
        ("/ivy create demo <@U0BOT>", False),
    ],
)
def test_only_a_mention_at_the_head_makes_the_bare_verb_do(text: str, is_direct: bool) -> None:
    bot = [{"user_id": "U0BOT", "is_bot": True, "team_id": None}]
    assert [each.is_direct for each in heard(TALK | {"text": text}, authorizations=bot)] == [is_direct]


def test_a_direct_message_is_said() -> None:
    (said,) = heard(DIRECT)
    assert (said.key, said.text, said.is_direct, said.dialect) == ("slack:T1:D1:1789.000100", "create demo", True, Dialect.SLACK)


@pytest.mark.parametrize(
    "fields",
    [
        DIRECT | {"channel_type": "channel", "channel": "C1"},
        DIRECT | {"channel_type": "group"},
        DIRECT | {"bot_id": "B1"},
        DIRECT | {"subtype": "bot_message"},
        DIRECT | {"subtype": "message_deleted", "user": None, "text": None},
        DIRECT | {"subtype": "channel_join"},
        DIRECT | {"user": "USLACKBOT"},
        TALK | {"bot_id": "B1", "user": None},
        {"type": "reaction_added", "user": 5, "item": []},
        {"type": "channel_created", "channel": {"id": "C1"}},
    ],
)
def test_bots_and_whatever_is_not_ours_say_nothing(fields: dict[str, Any]) -> None:
    assert parse(JSON, event(fields)) == Parsed()


@pytest.mark.parametrize("stranger", [{"team": "T2"}, {"user_team": "T2"}, {"team": "T1", "user_team": "E2"}])
def test_a_stranger_in_a_shared_channel_says_nothing(stranger: dict[str, str]) -> None:
    assert heard(TALK | stranger) == ()
    assert heard(DIRECT | stranger) == ()
    assert len(heard(TALK | {"team": "T1", "user_team": "T1"})) == 1


def test_only_the_configured_workspace_counts() -> None:
    assert heard(TALK, team="T2") == ()
    assert len(heard(TALK, team="T1")) == 1


# Edits.


def test_an_edit_of_a_direct_message_names_what_it_changed() -> None:
    message = {"user": "U1DANA", "text": "status", "ts": "1789.000100", "edited": {"ts": "1790.0"}}
    change = {"type": "message", "subtype": "message_changed", "channel_type": "im", "channel": "D1", "ts": "1790.000001"}
    assert heard({**change, "message": message, "previous_message": {"text": "create demo"}}) == (
        Edited(
            "slack:T1:D1:1789.000100:edit:1790.0",
            "slack:T1:D1:1789.000100",
            DANA,
            Thread(Platform.SLACK, "slack:T1:D1:1789.000100", asker=DANA),
            "status",
            Dialect.SLACK,
        ),
    )
    assert heard({**change, "message": message, "previous_message": {"text": "status"}}) == ()  # a link was unfolded
    assert heard({**change, "message": {**message, "bot_id": "B1"}}) == ()
    assert heard({**change, "channel_type": "channel", "message": message}) == ()


def test_a_mention_that_came_by_an_edit_runs_nothing() -> None:
    (edited,) = heard(TALK | {"edited": {"user": "U1DANA", "ts": "1790.000000"}})
    assert isinstance(edited, Edited)
    assert (edited.key, edited.said_key) == ("slack:T1:C1:1789.000100:edit:1790.000000", "slack:T1:C1:1789.000100")


# The rest.


def test_slack_is_told_that_the_address_is_right(slack: FakeSlack) -> None:
    delivery = slack.challenge("abc")
    assert parse(delivery.headers, delivery.body) == Parsed(answer=HookAnswer(200, {"content-type": "text/plain; charset=utf-8"}, b"abc"))
    assert parse(FORM, b"ssl_check=1&token=x") == Parsed()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b"null"),
        (JSON, b"{}"),
        (JSON, b"{"),
        (JSON, b"\xff"),
        (JSON, b"[" * 100_000),
        (JSON, b'{"type": "url_verification"}'),
        (JSON, b'{"type": "event_callback"}'),
        (JSON, b'{"type": "event_callback", "event": []}'),
        (JSON, event(TALK | {"ts": 1})),
        (JSON, event(TALK | {"ts": "now"})),
        (JSON, event(TALK | {"channel": "C:1"})),
        (JSON, event(TALK | {"text": None})),
        (JSON, event(TALK | {"user": None})),
        (JSON, event(TALK, team_id=None)),
        (JSON, event(TALK, authorizations="x")),
        (JSON, b'{"type": "event_callback", "team_id": "T1", "event": {"type": "app_mention", "text": "\\ud800"}}'),
        (FORM, b""),
        (FORM, b"\xff=1"),
        (FORM, b"hello"),
        (FORM, b"payload={"),
        (FORM, b"payload=[]"),
        (FORM, b"&".join([b"a=1"] * 500)),
        ({"content-type": "text/plain"}, b"hello"),
        ({"content-type": "multipart/form-data; boundary=x"}, b"hello"),
        ({}, b"hello"),
    ],
)
def test_a_body_that_does_not_fit_is_a_400(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse(headers, body)
    assert refused.value.status == 400


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(
    base=st.sampled_from([TALK, DIRECT, DIRECT | {"subtype": "message_changed", "message": DIRECT}]),
    changes=st.dictionaries(
        st.sampled_from([*DIRECT, "thread_ts", "team", "edited", "message", "subtype", "bot_id", "previous_message"]), anything, max_size=3
    ),
    envelope=st.dictionaries(
        st.sampled_from(["type", "team_id", "event", "authorizations", "authed_users", "challenge"]), anything, max_size=2
    ),
)
def test_no_shape_of_an_event_makes_it_stumble(base: dict[str, Any], changes: dict[str, Any], envelope: dict[str, Any]) -> None:
    try:
        parsed = parse(JSON, event({**base, **changes}, **envelope))
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 - either way is checked
    else:
        for each in parsed.incoming:
            assert each.key.count(":") in (3, 5)
            str(each).encode()


@given(kind=st.sampled_from([JSON, FORM, {}, {"Content-Type": "\xff"}]), body=st.binary(max_size=200))
def test_no_bytes_make_it_stumble(kind: dict[str, str], body: bytes) -> None:
    try:
        assert parse(kind, body).incoming == ()
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 - either way is checked


# Recorded payloads, where they are.

recorded = payloads()
manifest = [json.loads(row) for row in (recorded / "manifest.jsonl").read_text().splitlines()] if recorded else []
ours = [each for each in manifest if each["platform"] == "slack" and "/errors/" not in each["file"]]


@pytest.mark.skipif(not ours, reason="the recorded payloads are not here")
@pytest.mark.parametrize("entry", ours, ids=lambda entry: str(entry["file"]))
def test_a_recorded_payload_is_read_without_error_and_without_a_wrong_command(entry: dict[str, Any]) -> None:
    assert recorded is not None
    body = (recorded / entry["file"]).read_bytes()
    is_form = entry["file"].endswith(".form")
    headers = FORM if is_form else JSON
    if not is_form and "payload=" in str(entry["headers"]):
        headers, body = FORM, urlencode({"payload": body.decode()}).encode()
    verify(signed(body, str(int(NOW))), body, signing_secret=SECRET, now=NOW)
    parsed = parse(headers, body)
    said = [type(each).__name__ for each in parsed.incoming]
    name = entry["file"].removeprefix("slack/")
    if name.startswith("derived.slash."):
        assert said == ["Said"]
    elif "app_mention" in name:
        assert said == ([] if "full-fields" in name else ["Edited"] if "edited" in name else ["Said"])
    elif "message_deleted" in name:
        assert said == ["Edited"]
    elif ".im." in name:
        assert said == ["Said"]
    else:
        assert said == []


@pytest.mark.skipif(not recorded, reason="the recorded payloads are not here")
def test_the_published_signatures_fit() -> None:
    assert recorded is not None
    vectors = [each for each in json.loads((recorded / "signatures.json").read_text()) if each["platform"] == "slack"]
    assert len(vectors) >= 2
    for each in vectors:
        body = (recorded / each["file"]).read_bytes()
        now = float(each["headers"]["X-Slack-Request-Timestamp"])
        verify(each["headers"], body, signing_secret=each["secret"], now=now)
        with pytest.raises(Refused):
            verify(each["headers"], body + b" ", signing_secret=each["secret"], now=now)


# Presses.

PRESS = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1", "username": "dana", "team_id": "T1"},
    "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1", "thread_ts": "1.1"},
    "actions": [{"type": "button", "action_id": "say:0", "block_id": "b", "value": "/ivy extend demo 4h", "action_ts": "9.5"}],
}


def pressed(**changes: Any) -> tuple[Any, ...]:
    return parse(FORM, urlencode({"payload": json.dumps({**PRESS, **changes})}).encode()).incoming


def test_a_press_says_its_line_in_the_thread_of_its_message() -> None:
    (said,) = pressed()
    assert (said.text, said.person, said.dialect, said.said_at) == (
        "/ivy extend demo 4h",
        Person(Platform.SLACK, "U1", "dana"),
        Dialect.LINE,
        9.5,
    )
    assert said.thread.address == "slack:T1:C1:1.1"
    assert said.key == f"slack:T1:press:{said.pressed}:9.5"


def test_presses_are_told_apart_by_person_message_and_line_and_time() -> None:
    later = [{**PRESS["actions"][0], "action_ts": "9.9"}]  # type: ignore[index]
    other = [{**PRESS["actions"][0], "value": "/ivy extend demo 24h"}]  # type: ignore[index]
    first, again, second, somebody, something = (
        pressed(**each)[0] for each in ({}, {"token": "x"}, {"actions": later}, {"user": {"id": "U2"}}, {"actions": other})
    )
    assert first.key == again.key
    assert len({first.key, second.key, somebody.key, something.key}) == 4
    assert first.pressed == second.pressed
    assert len({first.pressed, somebody.pressed, something.pressed}) == 3


def test_a_press_in_the_home_tab_is_answered_to_the_person() -> None:
    (said,) = pressed(container={"type": "view", "view_id": "V1"})
    assert said.thread.address == "slack:T1:@U1"


@pytest.mark.parametrize(
    "changes",
    [
        {"team": {"id": "T2"}},
        {"user": {"id": "U1", "team_id": "T2"}},
        {"message": {"team": "T2"}},
        {"actions": []},
        {"actions": [{"type": "button", "action_id": "approve_request", "value": "/ivy terminate demo", "action_ts": "9.5"}]},
        {"type": "interactive_message"},
        {"type": "view_closed"},
    ],
)
def test_a_press_of_a_stranger_or_on_something_else_is_nothing(changes: dict[str, Any]) -> None:
    assert pressed(**changes) == ()


@given(changes=st.dictionaries(st.sampled_from([*PRESS, "message", "response_url", "view", "state", "trigger_id"]), anything, max_size=3))
def test_no_shape_of_a_press_makes_it_stumble(changes: dict[str, Any]) -> None:
    try:
        for each in pressed(**changes):
            str(each).encode()
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 - either way is checked

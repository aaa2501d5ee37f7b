"""What an answer that is no success means: wait, mend or give up."""

from __future__ import annotations

import pytest

from bot.chats.remote import judge

NOW = 1_789_000_000.0
HOUR = str(int(NOW) + 3600)
EXHAUSTED = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}


@pytest.mark.parametrize(
    ("status", "headers", "message", "expected"),
    [
        (403, EXHAUSTED, "API rate limit exceeded for user ID 1.", (False, 90)),
        (429, EXHAUSTED, "", (False, 90)),
        (429, {"ratelimit-reset": HOUR}, "Retry later", (False, 3600)),
        (403, {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": HOUR}, "You have exceeded a secondary rate limit.", (False, 60)),
        (403, {"x-ratelimit-remaining": "4000"}, "You have triggered an abuse detection mechanism", (False, 60)),
        (403, {"x-ratelimit-remaining": "4000"}, "Resource not accessible by personal access token", (True, None)),
        (429, {"retry-after": "7"}, "", (False, 7)),
        (429, {"retry-after": "0"}, "", (False, 1)),
        (429, {"retry-after": "999999999"}, "", (False, 3600)),
        (429, {"retry-after": "Thu, 10 Sep 2026 00:27:10 GMT"}, "", (False, 30)),
        (429, {"retry-after": "Thu, 10 Sep 2020 00:00:00 GMT"}, "", (False, 1)),
        (429, {"retry-after": "soon"}, "", (False, 60)),
        (429, {"retry-after": "nan"}, "", (False, 60)),
        (503, {"retry-after": "11"}, "", (False, 11)),
        (500, {}, "", (False, None)),
        (302, {}, "", (False, None)),
        (409, {}, "Resource lock", (False, None)),
        (404, {"x-ratelimit-remaining": "0"}, "Not Found", (True, None)),
        (410, {}, "", (True, None)),
        (451, {}, "", (True, None)),
    ],
)
def test_answers_are_judged(status: int, headers: dict[str, str], message: str, expected: tuple[bool, float | None]) -> None:
    failure = judge("GitHub", status, headers, message, NOW)
    assert (failure.is_lasting, failure.retry_after_s) == expected


def test_a_reason_is_one_short_line() -> None:
    failure = judge("GitLab", 422, {}, {"note": ["is\n\ttoo long " + "x" * 1000]}, NOW)
    assert "\n" not in failure.reason
    assert len(failure.reason) < 250

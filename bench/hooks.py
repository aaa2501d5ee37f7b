"""Signed deliveries of GitHub comments, each one new, of the size that GitHub's have."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import uuid

from tests.fakes.github import FakeGitHub

BYTES = 12_000
"""About what an `issue_comment` of a pull request weighs on github.com."""

_NUMBER = 7_777_777_777  # stands for the comment's id wherever the body has it
_TEXT = "Looks good to me. Let us see it run:\n\n/ivy create --ttl 8h\n"
_DESCRIPTION = "What it changes and why, how it was tried, what is left to do. "
_PATH = "acme/shop"
PROJECT_ID = 42
SECRET = "bench-secret"


class Comments:
    """Requests ready for the wire; no two of them are about the same comment."""

    def __init__(self) -> None:
        self._body = _template()
        self._numbers = itertools.count(1_000_000_001)

    def requests(self, count: int) -> list[bytes]:
        return [self._request(next(self._numbers)) for _ in range(count)]

    def _request(self, number: int) -> bytes:
        body = self._body.replace(b"%d" % _NUMBER, b"%d" % number)
        signature = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        head = (
            "POST /hooks/github HTTP/1.1\r\nHost: trellis.localhost\r\nAccept: */*\r\nUser-Agent: GitHub-Hookshot/0123abc\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-GitHub-Delivery: {uuid.uuid4()}\r\n"
            f"X-GitHub-Event: issue_comment\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
        )
        return head.encode() + body


def _template() -> bytes:
    """A comment as the stand-in tells it, under a pull request whose description brings it to the usual weight."""
    with FakeGitHub(secret=SECRET) as github:
        shop = github.project(_PATH, id=PROJECT_ID)
        dana = github.user("dana", id=501, right="write")
        pull = github.change_request(shop, number=7, branch="demo", author=dana)
        comment = github.add_comment(pull, dana, _TEXT)
        comment.id = _NUMBER
        delivery = github.tells_comment(comment)
    hook = json.loads(delivery.body)
    hook["issue"]["body"] = (_DESCRIPTION * (BYTES // len(_DESCRIPTION)))[: BYTES - len(delivery.body) + len("null") - len('""')]
    return json.dumps(hook, separators=(",", ":")).encode()

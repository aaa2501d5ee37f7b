"""A made-up history in which all is well, to be spoiled one thing at a time."""

from __future__ import annotations

from typing import Any

from tests.recorded import FenceSeen, History, Left, Remark, Row, Saying, Standing

THREAD = "github:shop:1"
ONE, TWO = "1" * 40, "2" * 40
HOUR = 3600.0


def message(number: int, comment: str, state: str = "heard") -> Row:
    return {"id": number, "state": state, "body": {"message_id": comment}}


def command(comment: str, words: str, position: int = 0, **more: Any) -> Row:
    usual = {"state": "done", "code": "", "ended_at": 10.0 + position, "environment_id": "e1", "thread": {"address": THREAD}}
    return {"asked_by_message": comment, "words": words, "position": position, **usual, **more}


def event(kind: str, **data: Any) -> Row:
    return {"kind": kind, "environment_id": "e1", "data": data}


def post(number: int, remote_id: str | None, state: str = "sent", code: str | None = None) -> Row:
    return {"id": number, "kind": "post", "state": state, "thread_address": THREAD, "remote_id": remote_id, "body": {"code": code}}


def environment(**more: Any) -> Row:
    identity = {"id": "e1", "slug": "demo-abc", "project": "shop", "source_id": "42", "ref": "refs/heads/demo", "name": ""}
    life: Row = {"created_at": 0.0, "gone_at": 100.0, "expires_at": 50 * HOUR, "due_at": None, "state": "gone", "addresses": []}
    counts = {"generation": 2, "restart_count": 1, "restarted_count": 1, "running_generation": 2, "running_sha": TWO}
    return {**identity, **life, **counts, "is_pinned": False, "failure": None, **more}


def lease(name: str, fence: int) -> Row:
    return {"name": name, "holder": "w2", "fence": fence}


def good() -> History:
    """Created, pushed to, extended twice and restarted, refused once, terminated."""
    said = (
        Saying("issue:1", THREAD, ("ivy create",)),
        Saying("issue:4", THREAD, ("ivy extend", "ivy extend", "ivy restart")),
        Saying("issue:8", THREAD, ("ivy retry",)),
        Saying("issue:10", THREAD, ("ivy terminate",)),
        Saying("issue:12", THREAD, ("ivy create",), is_acknowledged=False),
    )
    tables: dict[str, list[Row]] = {
        "messages": [message(number, saying.id) for number, saying in enumerate(said[:4])]
        + [{"id": 9, "state": "heard", "body": {"sha": TWO}}],
        "commands": [
            command("issue:1", "ivy create"),
            command("issue:4", "ivy extend"),
            command("issue:4", "ivy extend", 1),
            command("issue:4", "ivy restart", 2),
            command("issue:8", "ivy retry", state="refused", code="nothing_failed"),
            command("issue:10", "ivy terminate", ended_at=100.0),
        ],
        "environments": [environment()],
        "events": [
            *(event("created"), event("ready", generation=1), event("pushed"), event("ready", generation=2)),
            *(
                event("extended", seconds=HOUR),
                event("extended", seconds=HOUR),
                event("restart_asked"),
                event("restarted"),
                event("unwanted"),
                event("gone"),
            ),
        ],
        "outbox": [
            *(post(1, "issue:3"), post(2, "issue:5"), post(3, "issue:6"), post(4, "issue:7")),
            *(post(5, "issue:9", code="nothing_failed"), post(6, "issue:11")),
            {**post(7, None), "kind": "reaction", "body": ["issue:1", "seen"]},
        ],
        "cards": [
            {
                "id": "c1",
                "thread_address": THREAD,
                "subject": "e1",
                "wanted": 9,
                "sent": 9,
                "is_dead": False,
                "due_at": None,
                "remote_id": "issue:2",
            }
        ],
        "leases": [lease("environment:e1", 5), {**lease("worker:w1", 1), "holder": "w1"}],
    }
    ours = {
        "issue:2": "card:c1",
        "issue:3": "post:1",
        "issue:5": "post:2",
        "issue:6": "post:3",
        "issue:7": "post:4",
        "issue:9": "post:5",
        "issue:11": "post:6",
    }
    signs = {"issue:8": ("eyes", "confused"), "issue:12": ()}
    remarks = [Remark(each.id, THREAD, "/ivy …", is_the_bots=False, signs=signs.get(each.id, ("eyes", "+1"))) for each in said]
    remarks += [Remark(id_, THREAD, f"gone <!-- trellis:{marker} -->", is_the_bots=True) for id_, marker in ours.items()]
    remarks.sort(key=lambda remark: int(remark.id.partition(":")[2]))
    live = environment(state="ready", gone_at=None)
    runs = {"e1": {"generation": 2, "sha": TWO, "services": [{}]}}
    standing = Standing((live,), runs, {"demo-abc": "two"}, {"refs/heads/demo": TWO}, {ONE: "one", TWO: "two"})
    fences = (FenceSeen("environment:e1", "w1", 3), FenceSeen("environment:e1", "w1", 4), FenceSeen("environment:e1", "w2", 5))
    return History(said, tables, tuple(remarks), (standing,), Left(answers={"demo-abc": 404}), fences, {"e1": 5})

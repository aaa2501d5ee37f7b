"""The judge of histories finds each thing that must not be, and has nothing to say of a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.good_history import HOUR, ONE, THREAD, TWO, command, environment, event, good, message
from tests.history import CHECKS, problems
from tests.recorded import FenceSeen, History, Left, Remark, Row


def test_a_good_history_has_no_problems() -> None:
    assert problems(good()) == []


def test_an_empty_history_has_no_problems() -> None:
    assert problems(History((), {}, ())) == []


Change = Callable[[History], History]


def table(name: str, change: Callable[[list[Row]], list[Row]]) -> Change:
    return lambda history: replace(history, tables={**history.tables, name: change([dict(row) for row in history.rows(name)])})


def changed(name: str, index: int, **values: Any) -> Change:
    def change(rows: list[Row]) -> list[Row]:
        rows[index].update(values)
        return rows

    return table(name, change)


def also(name: str, *more: Row) -> Change:
    return table(name, lambda rows: [*rows, *more])


def without(name: str, index: int) -> Change:
    return table(name, lambda rows: rows[:index] + rows[index + 1 :])


def remarks(change: Callable[[list[Remark]], list[Remark]]) -> Change:
    return lambda history: replace(history, remarks=tuple(change(list(history.remarks))))


def standing(**values: Any) -> Change:
    return lambda history: replace(history, standing=(replace(history.standing[0], **values),))


def with_(**values: Any) -> Change:
    return lambda history: replace(history, **values)


def left(**values: Any) -> Change:
    return with_(left=Left(**values))


def swapped(found: list[Remark]) -> list[Remark]:
    """The posts 2 and 3 in the wrong order."""
    at = next(number for number, remark in enumerate(found) if "post:2" in remark.body)
    return [*found[:at], found[at + 1], found[at], *found[at + 2 :]]


TWICE = Remark("issue:99", THREAD, "gone <!-- trellis:post:6 -->", is_the_bots=True)


def check(name: str) -> Callable[[History], Any]:
    [found] = [each for each in CHECKS if each.__name__ == name]
    return found


CASES: list[tuple[str, Change, list[str]]] = [
    ("nothing_is_lost_or_done_twice", without("commands", 4), ["issue:8 asked for [(0, 'ivy retry')] and [] was taken"]),
    (
        "nothing_is_lost_or_done_twice",
        also("commands", command("issue:8", "ivy retry")),
        ["issue:8 asked for [(0, 'ivy retry')] and [(0, 'ivy retry'), (0, 'ivy retry')] was taken"],
    ),
    (
        "nothing_is_lost_or_done_twice",
        also("commands", command("issue:12", "ivy extend")),
        ["issue:12 asked for [(0, 'ivy create')] and [(0, 'ivy extend')] was taken"],
    ),
    (
        "nothing_is_lost_or_done_twice",
        also("commands", command("issue:77", "ivy list")),
        ["issue:77 was never said and [(0, 'ivy list')] was taken"],
    ),
    ("nothing_is_lost_or_done_twice", also("messages", message(5, "issue:1")), ["issue:1 was stored 2 times"]),
    ("every_message_is_heard", changed("messages", 0, state="new"), ["message 0 is new"]),
    ("every_message_is_heard", changed("messages", 4, state="failed"), ["message 9 is failed"]),
    ("every_command_ends", changed("commands", 0, state="running", ended_at=None), ["ivy create of issue:1 is running, ended at None"]),
    ("every_command_ends", changed("commands", 5, ended_at=None), ["ivy terminate of issue:10 is done, ended at None"]),
    (
        "every_message_bears_the_signs_of_its_commands",
        changed("commands", 0, state="failed"),
        ["issue:1 bears ['+1', 'eyes'] and its commands are ['confused']"],
    ),
    (
        "every_message_bears_the_signs_of_its_commands",
        remarks(lambda found: [replace(found[0], signs=("+1",)), *found[1:]]),
        ["issue:1 bears ['+1'] and its commands are ['+1']"],
    ),
    (
        "no_identity_has_two_at_once",
        also("environments", environment(id="e2", created_at=99.0, gone_at=None)),
        ["('shop', '42', 'refs/heads/demo', '') had e1 and e2 at once"],
    ),
    (
        "every_environment_is_gone",
        changed("environments", 0, state="terminating", gone_at=None),
        ["environment demo-abc is terminating, due at None, at []"],
    ),
    ("every_environment_is_gone", changed("environments", 0, due_at=1.0), ["environment demo-abc is gone, due at 1.0, at []"]),
    ("each_beginning_and_end_is_told_once", also("events", event("created")), ["environment demo-abc has 2 events 'created'"]),
    ("each_beginning_and_end_is_told_once", without("events", 9), ["environment demo-abc has 0 events 'gone'"]),
    ("each_generation_settles_once", also("events", event("ready", generation=2)), ["generation 2 of demo-abc settled 2 times"]),
    ("each_generation_settles_once", also("events", event("failed", generation=2)), ["generation 2 of demo-abc settled 2 times"]),
    ("each_generation_settles_once", also("events", event("missing"), event("ready", generation=2)), []),
    (
        "each_generation_settles_once",
        also("events", event("ready", generation=3)),
        ["generation 3 of demo-abc settled and was never asked for"],
    ),
    ("each_generation_settles_once", changed("environments", 0, generation=4), ["demo-abc is at generation 4 after 1 changes"]),
    (
        "each_command_has_its_effect_once",
        also("events", event("restart_asked")),
        ["1 times 'ivy restart' of e1 and 2 events 'restart_asked'"],
    ),
    ("each_command_has_its_effect_once", without("events", 4), ["2 times 'ivy extend' of e1 and 1 events 'extended'"]),
    ("time_was_given_once", changed("environments", 0, expires_at=51 * HOUR), ["demo-abc was given 7200 s and lives 183600 s"]),
    ("restarts_were_counted_once", changed("environments", 0, restart_count=2), ["demo-abc counts 2 restarts asked and 1 made of 1"]),
    (
        "each_post_is_there_once",
        remarks(lambda found: [*found, TWICE]),
        ["post:6 should be issue:11 in github:shop:1 and is [('issue:11', 'github:shop:1'), ('issue:99', 'github:shop:1')]"],
    ),
    (
        "each_post_is_there_once",
        remarks(lambda found: [each for each in found if "post:6" not in each.body]),
        ["post:6 should be issue:11 in github:shop:1 and is []"],
    ),
    (
        "each_post_is_there_once",
        remarks(lambda found: [*found, replace(TWICE, body="<!-- trellis:card:c1 -->")]),
        ["card:c1 should be issue:2 in github:shop:1 and is [('issue:2', 'github:shop:1'), ('issue:99', 'github:shop:1')]"],
    ),
    (
        "each_post_is_there_once",
        remarks(lambda found: [*found, replace(TWICE, body="hello")]),
        ["no marker was never to be sent and stands in github:shop:1"],
    ),
    ("each_post_is_there_once", remarks(lambda found: [*found, replace(TWICE, is_the_bots=False)]), []),
    ("each_post_is_there_once", changed("outbox", 6, state="waiting"), ["reaction 7 in github:shop:1 is waiting"]),
    ("each_post_is_there_once", changed("outbox", 5, state="dead"), ["post 6 in github:shop:1 is dead"]),
    ("posts_of_a_thread_are_in_order", remarks(swapped), ["post 2 comes after post 3 in github:shop:1"]),
    (
        "every_refusal_is_said_once",
        changed("outbox", 5, body={"code": "nothing_failed"}),
        ["1 commands in github:shop:1 were refused as nothing_failed and it was said 2 times"],
    ),
    (
        "every_command_is_answered",
        table("outbox", lambda rows: rows[4:]),
        ["github:shop:1 has 2 answers to commands that ended at 4 moments"],
    ),
    ("every_card_shows_the_end", changed("cards", 0, sent=8), ["card c1 was sent at version 8 of 9"]),
    (
        "every_card_shows_the_end",
        remarks(lambda found: [replace(each, body=each.body.replace("gone", "ready")) for each in found]),
        ["card c1 does not say that it is gone"],
    ),
    (
        "every_card_shows_the_end",
        also("cards", {**good().rows("cards")[0], "id": "c2"}),
        ["e1 has 2 cards in github:shop:1"],
    ),
    (
        "fences_grow",
        with_(fences=(FenceSeen("lane:a", "w1", 3), FenceSeen("lane:a", "w1", 2))),
        ["lane:a went from fence 3 of w1 to 2 of w1"],
    ),
    (
        "fences_grow",
        with_(fences=(FenceSeen("lane:a", "w1", 3), FenceSeen("lane:a", "w2", 3))),
        ["lane:a went from fence 3 of w1 to 3 of w2"],
    ),
    ("fences_grow", changed("leases", 0, fence=2), ["environment:e1 went from fence 5 of w2 to 2 of w2"]),
    ("the_keeper_obeys_known_fences", with_(keeper_fences={"e1": 6}), ["the keeper saw fence 6 of e1, of which 5 were given"]),
    ("no_part_fails_by_itself", with_(crashes=("web ended with 1",)), ["web ended with 1"]),
    (
        "what_runs_is_what_was_wanted",
        standing(observed={"e1": {"generation": 1, "sha": ONE, "services": [{}]}}),
        [f"demo-abc should run 2 at {TWO} and runs (1, '{ONE}', 1)"],
    ),
    ("what_runs_is_what_was_wanted", standing(observed={}), [f"demo-abc should run 2 at {TWO} and runs None"]),
    (
        "what_runs_is_what_was_wanted",
        standing(observed={**good().standing[0].observed, "e9": {}}),
        ["the keeper has ['e1', 'e9'] and there are ['e1']"],
    ),
    ("what_runs_is_what_was_wanted", standing(answers={"demo-abc": "one"}), ["demo-abc answers 'one'"]),
    ("what_runs_is_what_was_wanted", standing(heads={"refs/heads/demo": ONE}), [f"demo-abc runs {TWO} and its branch is at {ONE}"]),
    ("nothing_is_left", left(observed=("e1",)), ["environments are left: e1"]),
    ("nothing_is_left", left(processes=("python app.py",)), ["processes are left: python app.py"]),
    ("nothing_is_left", left(folders=("e1",)), ["folders are left: e1"]),
    ("nothing_is_left", left(worktrees=("code-1", "code-2")), ["worktrees are left: code-1, code-2"]),
    ("nothing_is_left", left(answers={"demo-abc": 503}), ["the address of demo-abc answers 503"]),
]


@pytest.mark.parametrize(("name", "change", "expected"), CASES, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(CASES)])
def test_a_bad_history_is_told(name: str, change: Change, expected: list[str]) -> None:
    history = change(good())
    assert list(check(name)(history)) == expected
    assert set(expected) <= set(problems(history))


def test_every_check_is_seen_to_fail() -> None:
    assert {each.__name__ for each in CHECKS} == {name for name, _, expected in CASES if expected}

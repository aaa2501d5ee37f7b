"""The judge of what happened: pure functions over what was said and what there is at the end. Each problem is a sentence."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.recorded import FenceSeen, History, Remark, Row, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FINAL = {"done", "failed", "refused", "cancelled"}
_MARKER = re.compile(r"<!-- trellis:((?:post|card):\S+) -->")
_SETTLED = {"ready", "failed", "cancelled"}


def problems(history: History) -> list[str]:
    """Everything that must not be; empty when all is well."""
    return [problem for check in CHECKS for problem in check(history)]


# -- what was said --------------------------------------------------------------------------------


def nothing_is_lost_or_done_twice(history: History) -> Iterator[str]:
    """Each acknowledged command was taken, exactly once, at its place; what was not acknowledged, at most once and whole."""
    messages = Counter(row["body"]["message_id"] for row in history.rows("messages") if "message_id" in row["body"])
    taken: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in history.rows("commands"):
        taken[row["asked_by_message"]].append((row["position"], row["words"]))
    for saying in history.said:
        if messages[saying.id] > 1:
            yield f"{saying.id} was stored {messages[saying.id]} times"
        found, whole = sorted(taken.pop(saying.id, [])), list(enumerate(saying.words))
        if found != whole and (saying.is_acknowledged or found):
            yield f"{saying.id} asked for {whole} and {found} was taken"
    yield from (f"{id_} was never said and {found} was taken" for id_, found in taken.items())


def every_message_is_heard(history: History) -> Iterator[str]:
    yield from (f"message {row['id']} is {row['state']}" for row in history.rows("messages") if row["state"] not in {"heard", "edited"})


def every_command_ends(history: History) -> Iterator[str]:
    for row in history.rows("commands"):
        if row["state"] not in FINAL or row["ended_at"] is None:
            yield f"{row['words']} of {row['asked_by_message']} is {row['state']}, ended at {row['ended_at']}"


def every_message_bears_the_signs_of_its_commands(history: History) -> Iterator[str]:
    states: dict[str, set[str]] = defaultdict(set)
    for row in history.rows("commands"):
        states[row["asked_by_message"]].add("+1" if row["state"] == "done" else "confused")
    said = {saying.id for saying in history.said}
    for remark in history.remarks:
        if remark.id in said and states[remark.id] and set(remark.signs) != {"eyes"} | states[remark.id]:
            yield f"{remark.id} bears {sorted(remark.signs)} and its commands are {sorted(states[remark.id])}"


# -- what was done --------------------------------------------------------------------------------


def no_identity_has_two_at_once(history: History) -> Iterator[str]:
    lives: dict[tuple[str, ...], list[tuple[float, float, str]]] = defaultdict(list)
    for row in history.rows("environments"):
        identity: tuple[str, ...] = (row["project"], row["source_id"], row["ref"], row["name"])
        lives[identity].append((row["created_at"], row["gone_at"] or float("inf"), row["id"]))
    for identity, spans in lives.items():
        spans.sort()
        for one, other in pairwise(spans):
            if other[0] < one[1]:
                yield f"{identity} had {one[2]} and {other[2]} at once"


def every_environment_is_gone(history: History) -> Iterator[str]:
    for row in history.rows("environments"):
        if row["state"] != "gone" or row["gone_at"] is None or row["due_at"] is not None or row["addresses"]:
            yield f"environment {row['slug']} is {row['state']}, due at {row['due_at']}, at {row['addresses']}"


def each_beginning_and_end_is_told_once(history: History) -> Iterator[str]:
    for row in history.rows("environments"):
        for kind in ("created", "unwanted", "gone"):
            count = len(history.events(row["id"], kind))
            if count != 1:
                yield f"environment {row['slug']} has {count} events {kind!r}"


def each_generation_settles_once(history: History) -> Iterator[str]:
    """Ready, failed or stopped: one of them, once; again only where it was found missing, or was paused."""
    for row in history.rows("environments"):
        missing = len(history.events(row["id"], "missing", "resume_asked"))
        ends = Counter(event["data"]["generation"] for event in history.events(row["id"], *_SETTLED) if "generation" in event["data"])
        for generation, count in ends.items():
            if count > 1 + missing:
                yield f"generation {generation} of {row['slug']} settled {count} times"
            if generation > row["generation"]:
                yield f"generation {generation} of {row['slug']} settled and was never asked for"
        changes = len(history.events(row["id"], "updated", "pushed", "retried", "resume_asked", "missing"))
        if row["generation"] > 1 + changes:
            yield f"{row['slug']} is at generation {row['generation']} after {changes} changes"


def each_command_has_its_effect_once(history: History) -> Iterator[str]:
    """As many events of its kind as there are commands that were carried out."""
    kinds = {"ivy extend": "extended", "ivy restart": "restart_asked", "ivy retry": "retried", "ivy cancel": "cancel_asked"}
    for words, kind in kinds.items():
        asked = Counter(row["environment_id"] for row in history.rows("commands") if row["words"] == words and row["state"] != "refused")
        told = Counter(row["environment_id"] for row in history.rows("events") if row["kind"] == kind)
        for id_ in asked | told:
            if asked[id_] != told[id_]:
                yield f"{asked[id_]} times {words!r} of {id_} and {told[id_]} events {kind!r}"


def time_was_given_once(history: History) -> Iterator[str]:
    for row in history.rows("environments"):
        seconds = sum(event["data"]["seconds"] for event in history.events(row["id"], "extended"))
        if abs(row["expires_at"] - row["created_at"] - history.ttl_s - seconds) > 1:
            yield f"{row['slug']} was given {seconds:.0f} s and lives {row['expires_at'] - row['created_at']:.0f} s"


def restarts_were_counted_once(history: History) -> Iterator[str]:
    for row in history.rows("environments"):
        asked = len(history.events(row["id"], "restart_asked"))
        if row["restart_count"] != asked or row["restarted_count"] > asked:
            yield f"{row['slug']} counts {row['restart_count']} restarts asked and {row['restarted_count']} made of {asked}"


# -- what the thread says -------------------------------------------------------------------------


def each_post_is_there_once(history: History) -> Iterator[str]:
    """What is marked as sent is one comment, and each comment of ours was meant to be sent."""
    there = _marked(history)
    posts = [row for row in history.rows("outbox") if row["kind"] == "post"]
    for row in history.rows("outbox"):
        if row["state"] != "sent":
            yield f"{row['kind']} {row['id']} in {row['thread_address']} is {row['state']}"
    for row in posts:
        yield from _is_where(f"post:{row['id']}", row, there.pop(f"post:{row['id']}", []))
    for row in history.rows("cards"):
        yield from _is_where(f"card:{row['id']}", row, there.pop(f"card:{row['id']}", []))
    yield from (f"{marker} was never to be sent and stands in {remarks[0].thread}" for marker, remarks in there.items())


def _marked(history: History) -> dict[str, list[Remark]]:
    there: dict[str, list[Remark]] = defaultdict(list)
    for remark in history.remarks:
        if remark.is_the_bots:
            for marker in _MARKER.findall(remark.body) or ["no marker"]:
                there[marker].append(remark)
    return there


def _is_where(marker: str, row: Row, found: list[Remark]) -> Iterator[str]:
    places = [(remark.id, remark.thread) for remark in found]
    if places != [(row["remote_id"], row["thread_address"])]:
        yield f"{marker} should be {row['remote_id']} in {row['thread_address']} and is {places}"


def posts_of_a_thread_are_in_order(history: History) -> Iterator[str]:
    last: dict[str, int] = {}
    for remark in history.remarks:
        for marker in _MARKER.findall(remark.body) if remark.is_the_bots else ():
            kind, _, number = marker.partition(":")
            if kind == "post":
                if int(number) < last.get(remark.thread, 0):
                    yield f"post {number} comes after post {last[remark.thread]} in {remark.thread}"
                last[remark.thread] = int(number)


def every_refusal_is_said_once(history: History) -> Iterator[str]:
    refused = Counter((row["thread"]["address"], row["code"]) for row in history.rows("commands") if row["state"] == "refused")
    said = Counter(
        (row["thread_address"], row["body"]["code"]) for row in history.rows("outbox") if row["kind"] == "post" and row["body"].get("code")
    )
    for (thread, code), count in refused.items():
        if said[thread, code] != count:
            yield f"{count} commands in {thread} were refused as {code} and it was said {said[thread, code]} times"


def every_command_is_answered(history: History) -> Iterator[str]:
    """Whoever asked in a thread reads at least as many answers as there were moments at which commands of theirs ended."""
    ends: dict[str, set[float]] = defaultdict(set)
    for row in history.rows("commands"):
        ends[row["thread"]["address"]].add(row["ended_at"])
    posts = Counter(row["thread_address"] for row in history.rows("outbox") if row["kind"] == "post")
    for thread, moments in ends.items():
        if posts[thread] < len(moments):
            yield f"{thread} has {posts[thread]} answers to commands that ended at {len(moments)} moments"


def every_card_shows_the_end(history: History) -> Iterator[str]:
    subjects = Counter((row["thread_address"], row["subject"]) for row in history.rows("cards"))
    yield from (f"{subject} has {count} cards in {thread}" for (thread, subject), count in subjects.items() if count > 1)
    there = _marked(history)
    for row in history.rows("cards"):
        if row["sent"] != row["wanted"] or row["is_dead"] or row["due_at"] is not None:
            yield f"card {row['id']} was sent at version {row['sent']} of {row['wanted']}"
        if any("gone" not in remark.body for remark in there.get(f"card:{row['id']}", [])):
            yield f"card {row['id']} does not say that it is gone"


# -- who did it -----------------------------------------------------------------------------------


def fences_grow(history: History) -> Iterator[str]:
    last: dict[str, FenceSeen] = {}
    ends = [FenceSeen(row["name"], row["holder"], row["fence"]) for row in history.rows("leases") if not row["name"].startswith("worker:")]
    for seen in (*history.fences, *ends):
        before = last.get(seen.name)
        if before and (seen.fence < before.fence or (seen.holder != before.holder and seen.fence == before.fence)):
            yield f"{seen.name} went from fence {before.fence} of {before.holder} to {seen.fence} of {seen.holder}"
        last[seen.name] = seen


def the_keeper_obeys_known_fences(history: History) -> Iterator[str]:
    given = {row["name"].removeprefix("environment:"): row["fence"] for row in history.rows("leases")}
    for environment, fence in history.keeper_fences.items():
        if fence > given.get(environment, 0):
            yield f"the keeper saw fence {fence} of {environment}, of which {given.get(environment, 0)} were given"


def no_part_fails_by_itself(history: History) -> Iterator[str]:
    yield from history.crashes


# -- what runs ------------------------------------------------------------------------------------


def what_runs_is_what_was_wanted(history: History) -> Iterator[str]:
    for standing in history.standing:
        runs = {row["id"]: row for row in standing.environments if row["running_generation"]}
        if set(standing.observed) - {row["id"] for row in standing.environments}:
            yield f"the keeper has {sorted(standing.observed)} and there are {sorted(runs)}"
        for id_, row in runs.items():
            yield from _runs(row, standing.observed.get(id_), standing)


def _runs(row: Row, observed: Row | None, standing: Standing) -> Iterator[str]:
    seen = (observed["generation"], observed["sha"], len(observed["services"])) if observed else None
    if seen != (row["running_generation"], row["running_sha"], 1):
        yield f"{row['slug']} should run {row['running_generation']} at {row['running_sha']} and runs {seen}"
    if standing.answers.get(row["slug"]) != standing.texts[row["running_sha"]]:
        yield f"{row['slug']} answers {standing.answers.get(row['slug'])!r}"
    if row["state"] == "ready" and not row["is_pinned"] and row["failure"] is None and row["running_sha"] != standing.heads[row["ref"]]:
        yield f"{row['slug']} runs {row['running_sha']} and its branch is at {standing.heads[row['ref']]}"


def nothing_is_left(history: History) -> Iterator[str]:
    left = history.left
    for what, found in (
        ("environments", left.observed),
        ("processes", left.processes),
        ("folders", left.folders),
        ("worktrees", left.worktrees),
    ):
        if found:
            yield f"{what} are left: {', '.join(found)}"
    yield from (f"the address of {slug} answers {status}" for slug, status in left.answers.items() if status != 404)


CHECKS: tuple[Callable[[History], Iterable[str]], ...] = (
    nothing_is_lost_or_done_twice,
    every_message_is_heard,
    every_command_ends,
    every_message_bears_the_signs_of_its_commands,
    no_identity_has_two_at_once,
    every_environment_is_gone,
    each_beginning_and_end_is_told_once,
    each_generation_settles_once,
    each_command_has_its_effect_once,
    time_was_given_once,
    restarts_were_counted_once,
    each_post_is_there_once,
    posts_of_a_thread_are_in_order,
    every_refusal_is_said_once,
    every_command_is_answered,
    every_card_shows_the_end,
    fences_grow,
    the_keeper_obeys_known_fences,
    no_part_fails_by_itself,
    what_runs_is_what_was_wanted,
    nothing_is_left,
)

"""Answers to commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.command import Event
from bot.domain.environment import Environment, State
from bot.domain.prose import Code, Items, Line, Log, Reply, Span, Strong, Table, Text, Tone, line
from bot.replies.common import addresses, brief, commit, hours, how, moment, say, typed
from bot.replies.datasets import data_words
from bot.replies.differing import Difference, differing


def already_there(environment: Environment, differences: Sequence[Difference]) -> Reply:
    it = "runs" if environment.state in {State.READY, State.UPDATING} else how(environment)
    spans = (Text("There is one for "), Code(environment.branch), Text(": "), Strong(environment.slug), Text(f" {it}."))
    return say(Tone.NEUTRAL, *spans, code="exists", more=[*addresses(environment), *differing(environment, differences)])


def already_up_to_date(environment: Environment) -> Reply:
    return say(
        Tone.GOOD,
        Strong(environment.slug),
        " runs ",
        commit(environment.sha),
        " already, to which it is pinned." if environment.is_pinned else " already, which is the newest.",
        more=addresses(environment),
    )


def extended(environment: Environment, by_s: float, cap_s: float) -> Reply:
    latest = environment.created_at + cap_s
    left = line("It can be extended until ", moment(latest), ".")
    return say(Tone.GOOD, Strong(environment.slug), f" has {hours(by_s)} more and goes ", moment(environment.expires_at), ".", more=(left,))


def already_gone(environment: Environment) -> Reply:
    return say(Tone.NEUTRAL, Strong(environment.slug), f" is gone already: {environment.gone_reason}.")


def status(environment: Environment, besides: Sequence[Line] = ()) -> Reply:
    facts = [
        line("branch ", Code(environment.branch), f" of {environment.project}, at ", commit(environment.running_sha or environment.sha)),
        line(f"owned by {environment.owner.name}, size {environment.size}" + (", pinned to this commit" if environment.is_pinned else "")),
        line("gone " if environment.gone_at else "goes ", moment(environment.gone_at or environment.expires_at)),
    ]
    if environment.is_live and (words := data_words(environment)):
        facts.append(line("data ", *words))
    if environment.failure and environment.is_live:
        facts.append(line(f"last failure: {environment.failure.reason}"))
    more = (*addresses(environment), Items((*facts, *besides)))
    return say(tone_of(environment), Strong(environment.slug), f" {how(environment)}.", more=more)


def tone_of(environment: Environment) -> Tone:
    if environment.state is State.READY:
        return Tone.WARNING if environment.failure else Tone.GOOD
    if environment.state is State.FAILED:
        return Tone.BAD
    return Tone.NEUTRAL if environment.state is State.GONE else Tone.BUSY


def listing(environments: Sequence[Environment], what: str) -> Reply:
    if not environments:
        return say(Tone.NEUTRAL, f"No environments {what}. Make one: ", Code("/ivy create"))
    rows = tuple(
        (line(Strong(each.slug)), line(each.state.value), line(Code(each.branch)), line(each.owner.name), line(moment(each.expires_at)))
        for each in environments
    )
    count = "One environment" if len(rows) == 1 else f"{len(rows)} environments"
    return say(Tone.NEUTRAL, f"{count} {what}:", more=(Table(("environment", "state", "branch", "owner", "goes"), rows),))


def logs(environment: Environment, lines: Sequence[tuple[str, str]]) -> Reply:
    if not lines and environment.state is State.PAUSED:
        resume = Code(typed("resume", environment))
        return say(Tone.NEUTRAL, Strong(environment.slug), " is paused, and its logs with it. Have both back: ", resume)
    if not lines:
        return say(Tone.NEUTRAL, Strong(environment.slug), " has written nothing yet.")
    width = max(len(service) for service, _ in lines)
    is_one = len({service for service, _ in lines}) == 1
    text = tuple(words if is_one else f"{service:<{width}} | {words}" for service, words in lines)
    return say(
        Tone.NEUTRAL,
        Strong(environment.slug),
        ", the last line:" if len(text) == 1 else f", the last {len(text)} lines:",
        more=(Log(text),),
    )


def url(environment: Environment) -> Reply:
    if not environment.addresses:
        return say(Tone.BUSY, Strong(environment.slug), f" has no address yet: it {how(environment)}.", code="no_address")
    return say(Tone.GOOD, Strong(environment.slug), more=addresses(environment))


def why(environment: Environment, events: Sequence[Event]) -> Reply:
    rows = tuple(
        (line(moment(event.at)), line(story(event)), line(event.actor)) for event in events if not event.kind.startswith("stage_began")
    )
    now = line(Strong(environment.slug), f" {how(environment)}", *_because(environment), ".")
    return Reply(tone_of(environment), (now, Table(("when", "what", "who"), rows)))


def _because(environment: Environment) -> tuple[Span, ...]:
    if environment.gone_reason:
        return (Text(f": {environment.gone_reason}"),)
    if environment.failure:
        return (Text(f": {environment.failure.reason}"),)
    return ()


def story(event: Event) -> str:
    """What happened, as the middle of a sentence."""
    kind, _, detail = event.kind.partition(":")
    data = event.data
    sha = str(data.get("sha") or "")[:8]
    stories = {
        "created": f"asked for, at {sha}",
        "spare_claimed": "from a machine that was ready",
        "updated": f"to be at {sha}",
        "pushed": f"the branch was pushed: {sha}",
        "fork_moved": f"the fork was pushed: {sha}, which nobody has looked at",
        "extended": f"extended by {hours(float(data.get('seconds') or 0))}",
        "stage_ended": f"{detail} took {brief(float(data.get('seconds') or 0))}",
        "ready": f"ready at {sha}",
        "failed": f"failed: {data.get('reason', '')}",
        "cancel_asked": "asked to stop what was running",
        "cancelled": "stopped",
        "retried": "tried again",
        "restart_asked": "asked to restart",
        "restarted": "restarted",
        "seed_asked": f"asked to fill it with the data {data.get('dataset', '')}",
        "seeded": f"has the data {data.get('dataset', '')}",
        "seed_failed": f"the data {data.get('dataset', '')} is not in it: {data.get('reason', '')}",
        "kept": "kept",
        "unkept": "kept no more",
        "pause_asked": "asked to pause" + (f": {data['reason']}" if data.get("reason") else ""),
        "paused": "paused",
        "resume_asked": "asked to resume" + (f": {data['reason']}" if data.get("reason") else ""),
        "transferred": f"given to {data.get('to', '')}",
        "restored": f"restored, at {sha}",
        "warned": f"its owner was warned: {hours(float(data.get('seconds') or 0))} left",
        "quiet": f"its owner was told that it is quiet since {hours(float(data.get('seconds') or 0))}",
        "approval_wanted": f"asked for {hours(float(data.get('seconds') or 0))} more, which somebody has to approve",
        "approval_late": "nobody answered what was asked for",
        "rejected": f"rejected what {data.get('asked_by', '')} asked for",
        "missing": "nothing of it ran: begun again",
        "key_shown": "its API key was shown",
        "key_revoked": "its API key opens nothing any more: another was asked for",
        "trading_halted": f"halted: {data.get('reason', '')}",
        "trading_resumed": "takes orders again",
        "trading_resume_asked": "asked to take orders again",
        "held": f"held by {data.get('reason', '')}",
        "unwanted": f"to go: {data.get('reason', '')}",
        "gone": "gone",
        "trouble": f"held up: {data.get('reason', '')}",
        **_deploy_stories(data),
        "refused": f"refused {data.get('words') or 'a command'}: {data.get('code', '')}",
    }
    return stories.get(kind, event.kind)


def _deploy_stories(data: Mapping[str, str | float | bool | None]) -> dict[str, str]:
    """What happens to deploys of services."""
    what = f"{data.get('service', '')}"
    why = f": {data['reason']}" if data.get("reason") else ""
    plan = f", plan {str(data['plan_hash'])[:12]}" if data.get("plan_hash") else ""
    return {
        "deploy_asked": f"asked to bring {data.get('words', '')} to {data.get('environment', '')}",
        "deploy_plan_asked": f"asked what {data.get('words', '')} would change in {data.get('environment', '')}",
        "deploy_planned": f"{what} planned{plan}",
        "deploy_waits": f"{what} waits for {data.get('reason', '')}",
        "deploy_began": f"{what} began" + (f", past {data['forced_past']}" if data.get("forced_past") else ""),
        "deploy_succeeded": f"{what} done" + (", nothing changed" if data.get("outcome") == "unchanged" else "") + plan,
        "deploy_failed": f"{what} failed{why}",
        "deploy_rolled_back": f"{what} failed, and what ran before runs again{why}",
        "deploy_cancelled": f"{what} stopped",
        "deploy_cancel_asked": "asked to stop it",
        "deploy_approval_wanted": f"asked for another person's word on {data.get('words', '')} to {data.get('environment', '')}",
        "deploy_approved": f"approved what {data.get('asked_by', '')} asked for{why}",
        "deploy_rejected": f"rejected what {data.get('asked_by', '')} asked for{why}",
        "deploy_approval_late": "nobody answered what was asked for",
        "deploy_stale": f"{what} is not as it was when it was planned: planned anew",
        "deploy_head_moved": f"request {data.get('request', '')} has another head, {data.get('sha', '')}: nothing of this begins",
        "deploy_request_over": f"{data.get('how', '')}: nothing of this begins",
        "deploy_only_planned": f"{what} planned, as asked{plan}",
        "deploy_retried": f"tried again as deploy {data.get('number', '')}",
        "deploy_said_again": "asked for it again after it had waited",
    }


def cancel_begun(environment: Environment) -> Reply:
    return say(Tone.BUSY, "Stopping what is running for ", Strong(environment.slug), ".")


def hint() -> Reply:
    return say(Tone.NEUTRAL, "Say what you want, for instance ", Code("create demo"), " or ", Code("help"), ".")

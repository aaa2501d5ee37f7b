"""The card of an environment: how it is now, drawn from its row and the past of its project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from bot.domain.command import Event
from bot.domain.cost import FREE, Prices, ahead, spent
from bot.domain.datasets import SEEDING
from bot.domain.environment import RESTARTING, Environment, Size, State
from bot.domain.message import Person, Platform
from bot.domain.prose import Block, Button, Card, Code, Fact, Line, Log, Mention, Span, Stage, StageState, Strong, Text, line
from bot.replies import addresses, brief, moment, place, tone_of
from bot.replies.datasets import data_words
from bot.replies.money import while_paused

STAGES = ("provisioning", "configuring", "starting")
_NOT_COUNTED = (0, 0, "")  # how many are done, of how many, and what they bring


@dataclass(frozen=True)
class Past:
    """What a stage took before, in seconds."""

    p50_s: float
    p90_s: float


def past_of(seconds: Sequence[float]) -> Past | None:
    """None until there are a few runs to speak of."""
    if len(seconds) < 3:
        return None
    cuts = quantiles(seconds, n=10, method="inclusive")
    return Past(cuts[4], cuts[8])


def environment_card(
    environment: Environment, events: Sequence[Event], past: Mapping[str, Past | None], now: float, prices: Prices = FREE
) -> Card:
    """`events` are the environment's own, oldest first."""
    return Card(
        title=line(Strong(environment.slug), " · ", Code(environment.branch)),
        tone=tone_of(environment),
        state=_state_words(environment, events),
        stages=stages_of(environment, events, past, now),
        facts=(*_facts(environment), *_cost(environment, prices, now)),
        body=_body(environment),
        next=_next(environment),
        buttons=_buttons(environment),
    )


def _ready_words(environment: Environment, events: Sequence[Event]) -> str:
    failure, dataset = environment.failure, environment.seeds.dataset
    if environment.is_seeding:
        return f"ready, its data {dataset} is being loaded"
    if failure is None:
        took = next((event.data.get("seconds") for event in reversed(events) if event.kind == "ready"), None)
        return f"ready in {brief(float(took))}" if took is not None else "ready"
    if failure.stage == SEEDING:
        return f"ready, but without the data {dataset}"
    what = "restart" if failure.stage == RESTARTING else "update"
    return f"ready, but its last {what} failed" if failure.code != "cancelled" else "ready, its last update was stopped"


def _state_words(environment: Environment, events: Sequence[Event]) -> str:
    if environment.state is State.READY:
        return _ready_words(environment, events)
    if environment.state is State.FAILED and environment.failure and environment.failure.code == "cancelled":
        return "stopped, as asked"
    if environment.state is State.GONE:
        return f"gone: {environment.gone_reason}"
    if environment.retry_at is not None:
        return f"{environment.state}, held up (try {environment.troubles + 1})"
    return environment.state.value


def stages_of(environment: Environment, events: Sequence[Event], past: Mapping[str, Past | None], now: float) -> tuple[Stage, ...]:
    """The stages of the newest generation; none once it is gone or before anything is known of it."""
    if environment.state in {State.GONE, State.TERMINATING, State.PAUSED}:
        return ()
    took = {
        event.kind.partition(":")[2]: float(event.data.get("seconds") or 0)
        for event in events
        if event.kind.startswith("stage_ended:") and event.data.get("generation") == environment.generation
    }
    if environment.state is State.READY and not took:
        return ()
    counted = {
        event.kind.partition(":")[2]: (int(event.data.get("done") or 0), int(event.data.get("of") or 0), str(event.data.get("doing") or ""))
        for event in events
        if event.kind.startswith("stage_began:") and event.data.get("generation") == environment.generation
    }
    stages = (*STAGES, SEEDING) if environment.seeds.is_due or SEEDING in took else STAGES
    return tuple(_stage(environment, name, took.get(name), past.get(name), now, counted.get(name, _NOT_COUNTED)) for name in stages)


def _stage(
    environment: Environment, name: str, took: float | None, past: Past | None, now: float, counted: tuple[int, int, str] = _NOT_COUNTED
) -> Stage:
    state, seconds = StageState.WAITING, took
    if took is not None:
        state = StageState.DONE
    elif environment.is_settled and environment.failure and environment.failure.stage == name:
        state = StageState.FAILED
    elif environment.stage == name and (environment.is_seeding or not environment.is_settled):
        state, seconds = StageState.RUNNING, max(0.0, now - environment.stage_began_at)
    done, of, doing = counted if state is StageState.RUNNING else _NOT_COUNTED
    return Stage(name, state, seconds, past.p50_s if past else None, past.p90_s if past else None, done, of, doing)


def _facts(environment: Environment) -> tuple[Fact, ...]:
    sha = environment.running_sha or environment.sha
    commit: list[Span] = [Code(sha[:12] if environment.is_bound else sha[:8])]
    if environment.is_fork:
        commit.append(Text(", of a fork"))
    if environment.is_pinned:
        commit.append(Text(", pinned"))
    if environment.running_sha and environment.running_sha != environment.sha and not environment.is_settled:
        commit += [Text(" → "), Code(environment.sha[:8])]
    facts = [Fact("commit", Line(tuple(commit))), Fact("owner", line(person_span(environment.owner)))]
    if environment.state is State.GONE:
        return (*facts, Fact("gone", line(moment(environment.gone_at or environment.expires_at))))
    facts.append(Fact("goes", line(moment(environment.expires_at), " (kept)" if environment.is_kept else "")))
    if where := place(environment.engine):
        facts.append(Fact("runs on", line(where)))
    return (*facts, *_made_of(environment))


def _made_of(environment: Environment) -> tuple[Fact, ...]:
    """What somebody chose: nothing of what is as usual."""
    facts: list[Fact] = []
    if environment.size is not Size.SMALL:
        facts.append(Fact("size", line(environment.size.value)))
    if environment.tilt_args:
        facts.append(Fact("Tilt arguments", line(Code(" ".join(environment.tilt_args)))))
    if words := data_words(environment):
        facts.append(Fact("data", line(*words)))
    if environment.profile:
        facts.append(Fact("profile", line(Code(environment.profile))))
    if environment.services:
        facts.append(Fact("services", line(Code(", ".join(environment.services)))))
    return tuple(facts)


def _cost(environment: Environment, prices: Prices, now: float) -> tuple[Fact, ...]:
    """What an hour costs, and at the end all of it: a sum that grows would have the card drawn anew for nothing."""
    if environment.state is State.GONE:
        cost = spent(environment, prices, now)
        return (Fact("cost", line(prices.shown(cost))),) if cost else ()
    an_hour = ahead(environment, prices, 3600)
    if not an_hour:
        return ()
    if environment.state is State.PAUSED:
        return (Fact("costs", line(while_paused(prices, environment))),)
    return (Fact("costs", line(f"{prices.shown(an_hour)} an hour")),)


def person_span(person: Person) -> Span:
    """Slack tells us no names, but shows one for an id."""
    return Mention(person) if person.platform is Platform.SLACK else Text(person.name)


def _body(environment: Environment) -> tuple[Block, ...]:
    blocks: list[Block] = list(addresses(environment))
    failure = environment.failure
    if failure and failure.code != "cancelled" and environment.is_live:
        blocks.append(line(Text(failure.reason)))
        if failure.log:
            blocks.append(Log(failure.log[-10:]))
    return tuple(blocks)


def _next(environment: Environment) -> tuple[Line, ...]:
    slug = environment.slug
    if environment.state is State.GONE:
        return ()
    if environment.state is State.TERMINATING or not environment.is_wanted:
        return ()
    if (environment.is_seeding or not environment.is_settled) and not environment.is_paused:
        return (line(Code(f"/ivy cancel {slug}")),)
    if environment.is_paused:
        return (line(Code(f"/ivy resume {slug}")), line(Code(f"/ivy terminate {slug}")))
    verbs = ("retry", "logs", "terminate") if environment.failure else ("extend", "logs", "terminate")
    return tuple(line(Code(f"/ivy {verb} {slug}")) for verb in verbs)


def _buttons(environment: Environment) -> tuple[Button, ...]:
    """What is pressed most, each also a line of `_next` or beginning with one."""
    slug = environment.slug
    if not environment.is_live or environment.state is State.TERMINATING or not environment.is_wanted:
        return ()
    if environment.is_paused:
        return (Button("Resume", f"/ivy resume {slug}"), Button("Terminate", f"/ivy terminate {slug}"))
    if environment.is_seeding or not environment.is_settled:
        return (Button("Stop", f"/ivy cancel {slug}"),)
    more = (Button("+4 h", f"/ivy extend {slug} 4h"), Button("+24 h", f"/ivy extend {slug} 24h"))
    first = (Button("Try again", f"/ivy retry {slug}"),) if environment.failure else more
    return (*first, Button("Logs", f"/ivy logs {slug}"), Button("Terminate", f"/ivy terminate {slug}"))

"""Every sentence the bot says, as values: what happened, then what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.auth.policy import NEEDED, Action, Role
from bot.domain.command import Event
from bot.domain.environment import Environment, Failure, State
from bot.domain.errors import UserError
from bot.domain.message import Person
from bot.domain.project import Project, Right
from bot.domain.prose import Block, Code, Items, Line, Link, Log, Moment, Reply, Span, Strong, Table, Text, Tone, line
from grammar.help import Manual
from grammar.mistakes import Mistake


def moment(at: float) -> Moment:
    return Moment(datetime.fromtimestamp(at, UTC))


def hours(seconds: float) -> str:
    """`90000` → `25 h`, `5400` → `1.5 h`, `600` → `10 min`."""
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"


def brief(seconds: float) -> str:
    """How long something took: `0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def say(tone: Tone, *spans: Span | str, to: Person | None = None, code: str | None = None, more: Sequence[Block] = ()) -> Reply:
    return Reply(tone, (line(*spans), *more), to, code)


def addresses(environment: Environment) -> tuple[Block, ...]:
    """One line for the first service, a list for several."""
    if not environment.addresses:
        return ()
    first, *others = environment.addresses
    head = line(Link(first.url, first.url))
    return (head, Items(tuple(line(Text(f"{each.service}: "), Link(each.url, each.url)) for each in others))) if others else (head,)


def how(environment: Environment) -> str:
    """`is ready`, `has failed`: the rest of a sentence about it."""
    return "has failed" if environment.state is State.FAILED else f"is {environment.state}"


def _commit(sha: str) -> Code:
    return Code(sha[:8])


# -- what becomes of an environment ------------------------------------------------------------------


def ready(environment: Environment, to: Person, seconds: float | None) -> Reply:
    took = f" after {brief(seconds)}" if seconds is not None else ""
    spans = (Strong(environment.slug), Text(f" is ready{took}: "), Code(environment.branch), Text(" at "), _commit(environment.running_sha))
    until = line("It goes ", moment(environment.expires_at), ". More time: ", Code("/ivy extend"))
    return say(Tone.GOOD, *spans, to=to, more=(*addresses(environment), until))


def restarted(environment: Environment, to: Person) -> Reply:
    return say(Tone.GOOD, Strong(environment.slug), " was restarted and is healthy.", to=to, more=addresses(environment))


def restart_failed(environment: Environment, failure: Failure, to: Person) -> Reply:
    more = (Log(failure.log),) if failure.log else ()
    if failure.code in {"engine_unavailable", "internal"}:
        what, again = "was not restarted", line("Try again: ", Code(_named("restart", environment)))
    else:
        what, again = "was restarted, but", line("Its log: ", Code(_named("logs", environment)))
    return say(Tone.BAD, Strong(environment.slug), f" {what}: {failure.reason}", to=to, code=failure.code, more=(*more, again))


def failed(environment: Environment, to: Person | None) -> Reply:
    failure = environment.failure
    reason, log = (failure.reason, failure.log) if failure else ("it failed", ())
    kept = environment.state is State.READY
    head: tuple[Span, ...] = (Strong(environment.slug), Text(" was not updated: " if kept else " did not become ready: "), Text(reason))
    more: list[Block] = [Log(log)] if log else []
    if kept:
        more.append(
            line("What ran before, ", _commit(environment.running_sha), ", goes on. Push a fix, or: ", Code(_named("retry", environment)))
        )
    else:
        more.append(line("Push a fix, or: ", Code(_named("retry", environment)), " · all of the log: ", Code(_named("logs", environment))))
    return say(Tone.BAD, *head, to=to, code=failure.code if failure else "failed", more=more)


def _named(verb: str, environment: Environment) -> str:
    return f"/ivy {verb} {environment.slug}"


def cancelled(environment: Environment, to: Person) -> Reply:
    rest = "What ran before goes on." if environment.state is State.READY else "Nothing of it runs."
    again = line("Go on after all: ", Code(_named("retry", environment)), " · take it down: ", Code(_named("terminate", environment)))
    return say(Tone.WARNING, Strong(environment.slug), f": stopped, as asked. {rest}", to=to, code="cancelled", more=(again,))


def gone(environment: Environment, to: Person | None) -> Reply:
    again = line("Have it again: ", Code(branch_line(environment.project, environment.ref)))
    more: tuple[Block, ...] = () if environment.gone_code in {"merged", "closed", "branch_deleted"} else (again,)
    return say(Tone.NEUTRAL, Strong(environment.slug), f" is gone: {environment.gone_reason}.", to=to, more=more)


def branch_line(project: str, ref: str) -> str:
    """The line that makes an environment of a branch from anywhere."""
    word = f"{project}:{ref.removeprefix('refs/heads/')}"
    is_plain = all(character.isalnum() or character in "-_./:" for character in word)
    return f"/ivy create {word}" if is_plain else f'/ivy create "{word}"'


def gone_before_done(environment: Environment, to: Person) -> Reply:
    return say(
        Tone.WARNING, Strong(environment.slug), f" was taken down before that was done: {environment.gone_reason}.", to=to, code="cancelled"
    )


# -- answers to commands -----------------------------------------------------------------------------


def already_there(environment: Environment, differences: Sequence[str]) -> Reply:
    it = "runs" if environment.state in {State.READY, State.UPDATING} else how(environment)
    spans = (Text("There is one for "), Code(environment.branch), Text(": "), Strong(environment.slug), Text(f" {it}."))
    more: list[Block] = list(addresses(environment))
    if differences:
        more.append(
            line("It differs from what you asked for: " + "; ".join(differences) + ". Change it: ", Code(_named("update", environment)))
        )
    return say(Tone.NEUTRAL, *spans, code="exists", more=more)


def already_up_to_date(environment: Environment) -> Reply:
    return say(
        Tone.GOOD,
        Strong(environment.slug),
        " runs ",
        _commit(environment.sha),
        " already, which is the newest.",
        more=addresses(environment),
    )


def extended(environment: Environment, by_s: float, cap_s: float) -> Reply:
    latest = environment.created_at + cap_s
    left = line("It can be extended until ", moment(latest), ".")
    return say(Tone.GOOD, Strong(environment.slug), f" has {hours(by_s)} more and goes ", moment(environment.expires_at), ".", more=(left,))


def already_gone(environment: Environment) -> Reply:
    return say(Tone.NEUTRAL, Strong(environment.slug), f" is gone already: {environment.gone_reason}.")


def status(environment: Environment) -> Reply:
    facts = [
        line("branch ", Code(environment.branch), f" of {environment.project}, at ", _commit(environment.running_sha or environment.sha)),
        line(f"owned by {environment.owner.name}, size {environment.size}" + (", pinned to this commit" if environment.is_pinned else "")),
        line("gone " if environment.gone_at else "goes ", moment(environment.gone_at or environment.expires_at)),
    ]
    if environment.failure and environment.is_live:
        facts.append(line(f"last failure: {environment.failure.reason}"))
    more = (*addresses(environment), Items(tuple(facts)))
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
        (line(moment(event.at)), line(_story(event)), line(event.actor)) for event in events if not event.kind.startswith("stage_began")
    )
    now = line(Strong(environment.slug), f" {how(environment)}", *_because(environment), ".")
    return Reply(tone_of(environment), (now, Table(("when", "what", "who"), rows)))


def _because(environment: Environment) -> tuple[Span, ...]:
    if environment.gone_reason:
        return (Text(f": {environment.gone_reason}"),)
    if environment.failure:
        return (Text(f": {environment.failure.reason}"),)
    return ()


def _story(event: Event) -> str:
    kind, _, detail = event.kind.partition(":")
    data = event.data
    sha = str(data.get("sha") or "")[:8]
    stories = {
        "created": f"asked for, at {sha}",
        "updated": f"to be at {sha}",
        "pushed": f"the branch was pushed: {sha}",
        "extended": f"extended by {hours(float(data.get('seconds') or 0))}",
        "stage_ended": f"{detail} took {brief(float(data.get('seconds') or 0))}",
        "ready": f"ready at {sha}",
        "failed": f"failed: {data.get('reason', '')}",
        "cancel_asked": "asked to stop what was running",
        "cancelled": "stopped",
        "retried": "tried again",
        "restart_asked": "asked to restart",
        "restarted": "restarted",
        "unwanted": f"to go: {data.get('reason', '')}",
        "gone": "gone",
        "trouble": f"held up: {data.get('reason', '')}",
        "refused": f"refused {data.get('words', '')}: {data.get('code', '')}",
    }
    return stories.get(kind, event.kind)


def cancel_begun(environment: Environment) -> Reply:
    return say(Tone.BUSY, "Stopping what is running for ", Strong(environment.slug), ".")


def whoami(person: Person, role: Role, project: Project | None) -> Reply:
    where = f" in {project.path or project.key}" if project else ""
    may = [action.value for action in Action if list(Role).index(role) >= list(Role).index(NEEDED[action])]
    return say(
        Tone.NEUTRAL,
        "You are ",
        Strong(person.name),
        f" on {person.platform} (id {person.id}): {role}{where}.",
        more=(line("You may " + (", ".join(may) if may else "do nothing here") + "."),),
    )


def manual(pages: Sequence[Manual], role: Role, hidden: int) -> Reply:
    rows = tuple((line(Code(page.usage)), line(page.summary)) for page in pages)
    more: list[Block] = [Table(("command", "what it does"), rows)]
    if hidden:
        more.append(line(f"{hidden} more need the role {Role.DEVELOPER}; yours is {role}."))
    more.append(line("More on one: ", Code("/ivy help create")))
    return say(Tone.NEUTRAL, "What you can say here:", more=more)


def manual_page(page: Manual, *, may: bool) -> Reply:
    examples = Log(tuple(page.examples))
    who = "You may run it." if may else f"It needs the role {Role.DEVELOPER}."
    return say(Tone.NEUTRAL, Code(page.usage), more=(line(page.summary), examples, line(who)))


def hint() -> Reply:
    return say(Tone.NEUTRAL, "Say what you want, for instance ", Code("create demo"), " or ", Code("help"), ".")


# -- mistakes, refusals, our own faults --------------------------------------------------------------


def mistake(found: Mistake, to: Person) -> Reply:
    """Points at the place, and offers the nearest right thing."""
    pointed = Log((found.excerpt.line, f"{found.excerpt.carets} {found.message}"))
    more: list[Block] = [pointed, line("Try: ", Code(found.suggestion))] if found.suggestion else [pointed]
    return say(Tone.BAD, "That was not understood, and nothing was done.", to=to, code=found.code, more=more)


def refused(error: UserError, to: Person) -> Reply:
    return Reply(Tone.BAD, (Line(error.spans), *error.more), to, error.code)


NOT_ON_THE_LIST = "it needs a role, and you are not among the people who have one here. Whoever runs Trellis can add you"
RIGHT_NOT_ASKED = "your right here could not be asked just now, and that is a no. Please say it again in a minute"


def another_platform(person: Person, project: Project | None) -> str:
    about = f"{project.path or project.key}, which is elsewhere" if project else "that"
    return f"an account on {person.platform} gives no right to {about}"


def too_little(person: Person, project: Project, right: Right) -> str:
    return f"it needs the right to write to {project.path or project.key}, and {person.platform} says that yours is {right}"


def edited_before_it_began(to: Person) -> Reply:
    return say(
        Tone.WARNING,
        "You edited the message before its command began, so it was not run. Say it again in a new message.",
        to=to,
        code="edited",
    )


def unwell(reference: str, to: Person) -> Reply:
    return say(
        Tone.BAD,
        "Something went wrong on our side, and nothing was done. It is in the log as ",
        Code(reference),
        ".",
        to=to,
        code="internal",
    )


def unreachable(what: str, to: Person) -> Reply:
    return say(Tone.BAD, f"{what} could not be asked, so nothing was done. Please say it again in a minute.", to=to, code="unavailable")

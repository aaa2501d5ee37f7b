"""What is told of the difference between two places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.artifact import Artifact
from bot.domain.catalogue import SharedEnvironment
from bot.domain.plan_difference import Difference
from bot.domain.prose import Block, Code, Line, Reply, Span, Strong, Table, Text, Tone, line
from bot.replies.common import commit, moment, say

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Compared:
    """`runs` runs in the environment that is looked at, `other` is what that is compared with.

    `between`: what was merged after the older of both, up to the newer; None when that cannot be said. `plans`: None when one is not known.
    """

    service: str
    runs: Artifact | None
    other: Artifact | None
    between: tuple[Artifact, ...] | None
    plans: list[Difference] | None

    @property
    def is_behind(self) -> bool:
        """Whether the other is newer."""
        return bool(self.between) and self.other is not None and self.between is not None and self.between[0].id == self.other.id


def diff(found: Sequence[Compared], here: SharedEnvironment, there: SharedEnvironment | None) -> Reply:
    if len(found) == 1:
        [one] = found
        return say(Tone.NEUTRAL, *_sentence(one, here, there), more=(*_between(one), *_plans(one, here, there), *_next(one, here, there)))
    other = there.key if there else "merged main"
    rows = tuple((line(Strong(each.service)), _name(each.other), _name(each.runs), line(_distance(each))) for each in found)
    many = sum(_differs(each) for each in found)
    head = f"{many} of {len(found)} services differ:" if many else f"None of {len(found)} services differs:"
    return say(Tone.NEUTRAL, head, more=(Table(("service", other, here.key, "between"), rows),))


def _differs(one: Compared) -> bool:
    return (one.runs and one.runs.id) != (one.other and one.other.id) or bool(one.plans)


def _name(artifact: Artifact | None) -> Line:
    return line(commit(artifact.commit)) if artifact else line("nothing")


def _distance(one: Compared) -> str:
    if one.runs and one.other and one.runs.id == one.other.id:
        return f"the same artifact, {len(one.plans)} fields differ" if one.plans else "the same"
    if one.between is None:
        return "cannot be compared: not both are merged" if one.runs and one.other else ""
    return f"{len(one.between)} {'behind' if one.is_behind else 'ahead'}"


def _sentence(one: Compared, here: SharedEnvironment, there: SharedEnvironment | None) -> tuple[Span | str, ...]:
    if there is None:
        main = (Text("; the newest of merged main is "), commit(one.other.commit)) if one.other else (Text("; nothing of it is merged"),)
        return (Strong(one.service), ": ", *_runs(one.runs, here), *main, ".")
    return (Strong(one.service), ": ", *_runs(one.other, there), ", ", *_runs(one.runs, here), ".")


def _runs(artifact: Artifact | None, place: SharedEnvironment) -> tuple[Span, ...]:
    if artifact is None:
        return (Text("nothing runs in "), Strong(place.key))
    return (commit(artifact.commit), Text(" runs in "), Strong(place.key))


def _between(one: Compared) -> tuple[Block, ...]:
    if one.runs is None or one.other is None:
        return ()
    if one.runs.id == one.other.id:
        return (line("It is the same artifact."),)
    if one.between is None:
        return (line("Not both of them are merged, so what lies between cannot be said."),)
    rows = tuple((line(commit(each.commit)), line(_title(each)), line(each.author), _merged(each)) for each in one.between[:_MOST_SHOWN])
    rest = len(one.between) - len(rows)
    more = (line(f"and {rest} more"),) if rest else ()
    way = "Not there yet" if one.is_behind else "Only there"
    return (line(f"{way}, the newest first:"), Table(("artifact", "what", "by", "merged"), rows), *more)


def _title(artifact: Artifact) -> str:
    title = artifact.title or artifact.ref.removeprefix("refs/heads/")
    return f"{title} (!{artifact.request})" if artifact.request else title


def _merged(artifact: Artifact) -> Line:
    return line(moment(artifact.merged_at)) if artifact.merged_at is not None else line("no")


def _plans(one: Compared, here: SharedEnvironment, there: SharedEnvironment | None) -> tuple[Block, ...]:
    if there is None or one.plans is None:
        return ()
    if not one.plans:
        return (line("What was made real in both is the same."),)
    rows = tuple((line(each.thing), line(each.field), line(Code(each.one)), line(Code(each.other))) for each in one.plans[:_MOST_SHOWN])
    rest = len(one.plans) - len(rows)
    more = (line(f"and {rest} more"),) if rest else ()
    return (line("What was made real differs in:"), Table(("thing", "field", there.key, here.key), rows), *more)


def _next(one: Compared, here: SharedEnvironment, there: SharedEnvironment | None) -> tuple[Block, ...]:
    """What to type to bring it there, where the other is newer or nothing runs there yet."""
    if one.other is None or not (one.is_behind or one.runs is None):
        return ()
    if there is not None and there.position < here.position:
        return (line("Bring it there: ", Code(f"/sled promote {one.service} --from {there.key} --to {here.key}")),)
    return (line("Bring it there: ", Code(f"/sled deploy {one.service}@{one.other.commit[:8]} --to {here.key}")),)

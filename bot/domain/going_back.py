"""What ran in a place before what runs there now, so that going back twice goes back twice. Decides; does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.deployment import Deployment, DeploymentState, RolloutKind

BACK = frozenset({RolloutKind.ROLLBACK, RolloutKind.RELEASE})
"""What takes back instead of bringing something new."""

_AT_WORK = frozenset({DeploymentState.RUNNING, DeploymentState.VERIFYING})
_TORN = frozenset({DeploymentState.FAILED, DeploymentState.CANCELLED, *_AT_WORK})


@dataclass(frozen=True)
class Brought:
    """One deployment of a service to a place, as far as it matters here."""

    deployment_id: str
    number: int
    rollout_id: str
    artifact_id: str
    kind: RolloutKind
    state: DeploymentState
    has_begun: bool
    has_changed: bool = True  # False: it was refused before it changed anything

    @property
    def is_torn(self) -> bool:
        """It began and did not come to its good end, or has not yet: nobody knows how much of it is there."""
        return self.has_begun and self.has_changed and self.state in _TORN

    @property
    def goes_back(self) -> bool:
        return self.kind in BACK

    @property
    def is_over(self) -> bool:
        return Deployment.is_end(self.state)


Line = Sequence[Brought]
"""What runs in a place, last, on top of what ran there before and was not taken back."""


def line_of(past: Iterable[Brought]) -> Line:
    """From all that was brought to one place, oldest first.

    What went back uncovers what it went back to. One that has been asked for and not ended counts as if it had: whoever asks again means
    the one before. Only the last can be torn.
    """
    line: list[Brought] = []
    for each in past:
        if each.state is DeploymentState.SUCCEEDED or (each.goes_back and not each.is_over):
            line = _brought(_whole(line), each)
        elif each.state is DeploymentState.ROLLED_BACK:
            line = _whole(line)
        elif each.is_torn and not each.goes_back:
            line = [*_whole(line), each]
    return line


def _whole(line: list[Brought]) -> list[Brought]:
    return line[:-1] if line and line[-1].is_torn else line


def _brought(line: list[Brought], each: Brought) -> list[Brought]:
    if each.goes_back:
        depth = next((place for place in reversed(range(len(line))) if line[place].artifact_id == each.artifact_id), None)
        return [*line, each] if depth is None else line[: depth + 1]
    is_again = bool(line) and line[-1].artifact_id == each.artifact_id
    return line if is_again else [*line, each]


def before(line: Line, usable: frozenset[str]) -> Brought | None:
    """What to go back to: the last before the present that was no beta, is another artifact, and is among those that may run there."""
    if not line:
        return None
    *earlier, present = line
    for each in reversed(earlier):
        is_another = present.is_torn or each.artifact_id != present.artifact_id
        if is_another and each.kind is not RolloutKind.BETA and each.artifact_id in usable:
            return each
    return None


def to_take_back(lines: Mapping[str, Line], together: frozenset[str]) -> frozenset[str]:
    """Which of several services go back as one act.

    Where one rollout brought the newest there is to `together`, all of these, what it left as it was stays; else each goes back by one.
    """
    tops = {service: line[-1] for service, line in lines.items() if line}
    if not tops.keys() <= together:
        return frozenset(tops)
    newest = newest_rollout(lines)
    return frozenset(service for service, top in tops.items() if top.rollout_id == newest)


def newest_rollout(lines: Mapping[str, Line]) -> str:
    """The rollout that brought the newest of what runs; "" where nothing does."""
    tops = [line[-1] for line in lines.values() if line]
    return max(tops, key=lambda each: each.number).rollout_id if tops else ""

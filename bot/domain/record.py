"""What a forge itself is told of an environment: a commit status, and a deployment. Both follow from the row; nothing else is kept."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.domain.environment import RESTARTING, Environment, State

CONTEXT = "trellis/ivy"
MOST_WORDS = 140  # GitHub takes no more
_OURS = frozenset({"cancelled", "engine_unavailable", "internal", "unknown_project", "not_fetched"})


class RecordKind(StrEnum):
    STATUS = "status"
    DEPLOYMENT = "deployment"


class StatusState(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"  # it was not the code: a file that cannot be used, or our own trouble
    CANCELLED = "cancelled"


class Status(msgspec.Struct, frozen=True):
    """What stands beside a commit. `url` is where the environment answers, or ""."""

    sha: str
    context: str
    state: StatusState
    words: str
    url: str = ""


class DeploymentState(StrEnum):
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


class Deployment(msgspec.Struct, frozen=True):
    """`name` is the platform's environment. `id` is ours: it tells our own deployment when we look for it."""

    id: str
    name: str
    ref: str
    sha: str
    state: DeploymentState
    words: str
    url: str = ""


def status_of(environment: Environment) -> Status:
    context = f"{CONTEXT} ({environment.name})" if environment.name else CONTEXT
    state, words, url = _state(environment)
    is_over = not environment.is_wanted
    sha = (environment.running_sha if is_over else "") or environment.sha
    return Status(sha, context, state, _cut(words), url)


def is_ours(context: str) -> bool:
    """Whether a status beside a commit is one of Trellis's own, of whichever environment."""
    return context == CONTEXT or context.startswith(f"{CONTEXT} (")


def superseded(before: Status) -> Status:
    """What becomes of a status whose commit was never made, because a newer one came."""
    return Status(before.sha, before.context, StatusState.CANCELLED, "given up for a newer commit")


def deployment_of(environment: Environment) -> Deployment:
    state, words, url = _state(environment)
    by_state = {StatusState.PENDING: DeploymentState.IN_PROGRESS, StatusState.SUCCESS: DeploymentState.SUCCESS}
    found = by_state.get(state, DeploymentState.FAILURE) if environment.is_wanted else DeploymentState.INACTIVE
    name = f"ivy/{environment.slug}"
    sha = (environment.running_sha if not environment.is_wanted else "") or environment.sha
    return Deployment(environment.id, name, environment.ref, sha, found, _cut(words), url)


def _state(environment: Environment) -> tuple[StatusState, str, str]:
    failure = environment.failure if environment.failure and environment.failure.stage != RESTARTING else None
    if not environment.is_wanted:
        ran = bool(environment.running_sha)
        return (StatusState.SUCCESS if ran else StatusState.CANCELLED), f"taken down: {environment.gone_reason}", ""
    if not environment.is_settled:
        return StatusState.PENDING, "being made", ""
    if failure and failure.code == "cancelled":
        return StatusState.CANCELLED, "stopped, as asked", ""
    if failure:
        is_error = failure.code in _OURS or failure.stage == "configuring"
        return (StatusState.ERROR if is_error else StatusState.FAILURE), failure.reason, ""
    url = environment.addresses[0].url if environment.addresses and environment.state is State.READY else ""
    return StatusState.SUCCESS, environment.state.value, url


def _cut(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= MOST_WORDS else f"{line[: MOST_WORDS - 1]}…"

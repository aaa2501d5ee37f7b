"""A repository that environments are made of, as the operator configured it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.datasets import Dataset
from bot.domain.environment import Size
from bot.domain.message import Person


class ForgeKind(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    LOCAL = "local"


@dataclass(frozen=True)
class Project:
    """`key` names it in commands and rows; `id` is the forge's numeric id ("" for local); `path` is `owner/name`."""

    key: str
    forge: ForgeKind
    id: str
    path: str
    clone_url: str
    default_branch: str = "main"
    slack_channels: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = tuple(Size)  # that may be asked for
    datasets: tuple[Dataset, ...] = ()  # of the operator's
    engine: str = "local"  # which one makes its environments
    schedule: str = ""  # when its environments sleep, as `schedule.check` gives it
    has_hook: bool = True  # a webhook is meant to tell us of it
    is_polled: bool = False  # asked all the time; otherwise now and then, for what its hooks did not bring


def request_ref(forge: ForgeKind, number: int) -> str:
    """Under which name a project has the head of a request, also of one from a fork."""
    return f"refs/pull/{number}/head" if forge is ForgeKind.GITHUB else f"refs/merge-requests/{number}/head"


class Right(StrEnum):
    """What the forge says a person may do in a project, lowest first."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class RequestEnd(StrEnum):
    """How a merge or pull request came to be over."""

    MERGED = "merged"
    CLOSED = "closed"
    GONE = "gone"  # the forge knows none of that number
    BRANCH_GONE = "branch_gone"


@dataclass(frozen=True)
class ChangeRequest:
    """A merge or pull request as the forge describes it now."""

    project: str
    number: int
    title: str
    url: str
    ref: str  # full ref of the source branch: refs/heads/…
    sha: str  # its head
    source_id: str  # numeric id of the repository the branch is in; "" when that repository is gone
    is_fork: bool
    is_open: bool
    author: Person | None = None  # where the forge says so
    is_merged: bool = False

    @property
    def end(self) -> RequestEnd | None:
        return None if self.is_open else RequestEnd.MERGED if self.is_merged else RequestEnd.CLOSED

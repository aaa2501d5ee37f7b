"""The ports onto forges and engines, each with only what handlers use of it, and what they raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.continuity import Feed
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person
from bot.domain.project import ChangeRequest, Project, Right
from bot.domain.service_config import ConfigProblem, DevEnv


class ForgeUnavailable(Exception):  # noqa: N818
    """The forge could not be asked. For a right that is a no; for a fact it is 'try again in a minute'.

    `wait_s` is set when it asked us to wait: we ask too much.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ForgeBusy(ForgeUnavailable):
    """It wants to be left in peace for `wait_s`, and whoever needs its word waits as long: that is no 'no'."""

    wait_s: float

    def __init__(self, reason: str, wait_s: float) -> None:
        super().__init__(reason, wait_s)


class RuntimeUnavailable(Exception):  # noqa: N818
    """The place where environments run, or git, could not be asked."""


class NotYet(Exception):  # noqa: N818
    """It cannot be done now but soon will be: the message is heard again after a while."""


class Members(Protocol):
    """What is asked of a workspace."""

    async def is_member(self, person: Person) -> bool:
        """Whether this is a full member of ours. A doubt is a no."""

    async def account(self, id: str) -> Person | None:
        """The full member of that id, with their name. A doubt is a no."""


class Forge(Protocol):
    """What is asked of GitHub or GitLab when a command runs. Errors raise ForgeUnavailable."""

    async def right_of(self, person: Person, project: Project) -> Right:
        """What `person`, by numeric id, may do in `project` now."""

    async def change_request(self, project: Project, number: int) -> ChangeRequest | None:
        """The request as it is now; None when there is no such one."""

    async def person(self, login: str, project: Project) -> Person | None:
        """The account of that name; None when there is no such one."""

    async def merged_at(self, project: Project, sha: str) -> float | None:
        """When that commit was made, if it is on the default branch now; None when it is not, or nobody there knows it."""

    async def checks(self, project: Project, sha: str) -> Checks:
        """How its checks are now; none at all when nobody there knows the commit."""

    async def reviewed(self, project: Project, sha: str) -> Sequence[Reviewed]:
        """The requests that brought that commit to the default branch, or have it as their head; with all who approve, whoever they are."""


class Runtime(Protocol):
    """What is asked of git and of the place where environments run. Raises RuntimeUnavailable."""

    async def heads(self, project: Project) -> Mapping[str, str]:
        """All branches: full ref → SHA."""

    async def head(self, project: Project, ref: str) -> str | None:
        """The SHA of a full ref, None when there is no such branch."""

    async def merged_at(self, project: Project, sha: str) -> float | None:
        """As a forge's, by git."""

    async def logs(self, environment_id: str, service: str | None, tail: int) -> Sequence[tuple[str, str]]:
        """(service, line), oldest first."""

    async def feed(self, environment_id: str) -> Feed:
        """What a trading environment heard; that nobody can say so now is an answer too."""

    async def reads_tilt_args(self, project: Project, ref: str, sha: str) -> bool:
        """Whether anything in the repository's configuration at `sha` uses $TILT_ARGS."""

    async def config(self, project: Project, ref: str, sha: str) -> DevEnv | tuple[ConfigProblem, ...]:
        """What the repository says at `sha`, or what is wrong with that."""

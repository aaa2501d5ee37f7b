"""What GitHub says of a commit: its check runs and commit statuses, the pull requests that brought it, and who approved those.

docs.github.com/rest/checks/runs, /rest/commits/statuses, /rest/commits/commits, /rest/pulls/reviews
"""

from __future__ import annotations

import asyncio

from bot.chats.checked import PAGE, Get, How, checks_of, pages
from bot.chats.wire import Wire
from bot.domain.gates import Checks, Reviewed
from bot.domain.message import Person, Platform
from bot.domain.project import Project
from bot.domain.record import is_ours

_GOOD = frozenset({"success", "neutral", "skipped"})
_WORDS = {"success": How.PASSED, "pending": How.RUNNING}


class _Run(Wire):
    name: str
    status: str
    conclusion: str | None = None


class _Runs(Wire):
    check_runs: list[_Run]


class _Status(Wire):
    context: str
    state: str


class _Combined(Wire):
    statuses: list[_Status]


class _Account(Wire):
    id: int
    login: str
    type: str = "User"


class _Base(Wire):
    ref: str


class _Head(Wire):
    sha: str


class _Pull(Wire):
    number: int
    state: str
    head: _Head
    base: _Base
    user: _Account | None = None
    merged_at: str | None = None


class _Review(Wire):
    state: str
    user: _Account | None = None


async def checks(get: Get, project: Project, sha: str) -> Checks:
    """The newest run of each check and the newest status of each context. What Trellis itself says beside a commit is none of them."""
    at = f"/repos/{project.path}/commits/{sha}"

    async def runs(page: int) -> list[_Run]:
        found = await get(f"{at}/check-runs?filter=latest&per_page={PAGE}&page={page}", _Runs)
        return found.check_runs if found else []

    async def statuses(page: int) -> list[_Status]:
        found = await get(f"{at}/status?per_page={PAGE}&page={page}", _Combined)
        return found.statuses if found else []

    ran, told = await asyncio.gather(pages(runs), pages(statuses))
    others = ((each.context, _WORDS.get(each.state, How.FAILED)) for each in told if not is_ours(each.context))
    return checks_of([*((each.name, _how(each)) for each in ran), *others])


def _how(run: _Run) -> How:
    if run.status != "completed":
        return How.RUNNING
    return How.PASSED if run.conclusion in _GOOD else How.FAILED


async def reviewed(get: Get, project: Project, sha: str) -> tuple[Reviewed, ...]:
    """The pull requests that brought the commit to the default branch, or are open with it as their head; and who approves them."""

    async def brought(page: int) -> list[_Pull]:
        return await get(f"/repos/{project.path}/commits/{sha}/pulls?per_page={PAGE}&page={page}", list[_Pull]) or []

    meant = [each for each in await pages(brought) if _is_meant(each, project, sha)]
    return tuple([await _reviewed(get, project, each) for each in meant])


def _is_meant(pull: _Pull, project: Project, sha: str) -> bool:
    is_open = pull.state == "open" and pull.head.sha == sha
    return pull.base.ref == project.default_branch and (pull.merged_at is not None or is_open)


async def _reviewed(get: Get, project: Project, pull: _Pull) -> Reviewed:
    async def reviews(page: int) -> list[_Review]:
        path = f"/repos/{project.path}/pulls/{pull.number}/reviews?per_page={PAGE}&page={page}"
        return await get(path, list[_Review]) or []

    last: dict[int, _Review] = {}  # in the order in which they were given; a comment takes nothing back
    for each in await pages(reviews):
        if each.user is not None and each.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
            last[each.user.id] = each
    approvers = (each.user for each in last.values() if each.state == "APPROVED")
    return Reviewed(pull.number, _person(pull.user) if pull.user else None, tuple(_person(each) for each in approvers if each))


def _person(account: _Account) -> Person:
    return Person(Platform.GITHUB, str(account.id), account.login, is_bot=account.type == "Bot")

"""What a CI, or git, says of the commit that something was built of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import CannotStart, TimedOut, environ, run

_GIT_S = 10.0


@dataclass(frozen=True)
class Built:
    """Empty is what nobody says. `ref` is full."""

    commit: str = ""
    ref: str = ""
    request: int | None = None
    title: str = ""
    author: str = ""

    def over(self, other: Built) -> Built:
        """What the one does not say, the other may."""
        names = ("commit", "ref", "request", "title", "author")
        return Built(**{name: getattr(self, name) or getattr(other, name) for name in names})


def full(ref: str) -> str:
    """A branch by its full name."""
    return ref if not ref or ref.startswith("refs/") else f"refs/heads/{ref}"


def of_ci(variables: Mapping[str, str], event: Any = None) -> Built:
    """From the variables of GitHub Actions, of which `event` is the payload, or of GitLab CI.

    docs.github.com, "Variables reference"; docs.gitlab.com, "Predefined CI/CD variables reference".
    """
    if variables.get("GITLAB_CI"):
        return _of_gitlab(variables)
    if variables.get("GITHUB_ACTIONS"):
        return _of_github(variables, event if isinstance(event, dict) else {})
    return Built()


def _of_gitlab(said: Mapping[str, str]) -> Built:
    """With merged results the commit is one that GitLab made; the branch's own is the source branch's."""
    branch = said.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or said.get("CI_COMMIT_BRANCH", "")
    ref = full(branch) or (f"refs/tags/{said['CI_COMMIT_TAG']}" if said.get("CI_COMMIT_TAG") else "")
    title = said.get("CI_MERGE_REQUEST_TITLE") or said.get("CI_COMMIT_TITLE", "")
    commit = said.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or said.get("CI_COMMIT_SHA", "")
    return Built(commit, ref, _number(said.get("CI_MERGE_REQUEST_IID", "")), title, said.get("GITLAB_USER_LOGIN", ""))


def _of_github(said: Mapping[str, str], event: Mapping[str, Any]) -> Built:
    author, request = said.get("GITHUB_ACTOR", ""), event.get("pull_request")
    if isinstance(request, dict):
        head = request.get("head") or {}
        ref = full(said.get("GITHUB_HEAD_REF") or str(head.get("ref", "")))
        return Built(str(head.get("sha", "")), ref, _number(str(request.get("number", ""))), str(request.get("title", "")), author)
    head_commit = event.get("head_commit")
    title = str(head_commit.get("message", "")).partition("\n")[0] if isinstance(head_commit, dict) else ""
    return Built(said.get("GITHUB_SHA", ""), said.get("GITHUB_REF", ""), None, title, author)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) else None


def event_of(variables: Mapping[str, str]) -> Any:
    """The payload that GitHub Actions put beside a run; None where there is none that can be read."""
    try:
        return json.loads(Path(variables["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError):
        return None


async def of_git(folder: Path) -> Built:
    """From the repository around a folder; nothing where there is none."""

    async def said(*words: str) -> str:
        try:
            ran = await run(("git", *words), cwd=folder, env=environ({"HOME": str(Path.home())}), timeout_s=_GIT_S)
        except (CannotStart, TimedOut):
            return ""
        return ran.out.decode(errors="replace").strip() if ran.code == 0 else ""

    commit = await said("rev-parse", "HEAD")
    if not commit:
        return Built()
    return Built(
        commit,
        await said("symbolic-ref", "--quiet", "HEAD"),
        None,
        await said("log", "-1", "--format=%s"),
        await said("log", "-1", "--format=%an"),
    )

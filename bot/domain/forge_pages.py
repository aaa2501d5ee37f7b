"""Where a forge shows a request or a commit to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.domain.project import ForgeKind, Project

_REQUEST = {ForgeKind.GITHUB: "pull", ForgeKind.GITLAB: "-/merge_requests"}
_COMMIT = {ForgeKind.GITHUB: "commit", ForgeKind.GITLAB: "-/commit"}


@dataclass(frozen=True)
class ForgePages:
    """`bases` are the forges' own addresses, without a slash at the end. What has no page, as in a local repository, has ""."""

    projects: Mapping[str, Project] = field(default_factory=dict)
    bases: Mapping[ForgeKind, str] = field(default_factory=dict)

    def request(self, project: str, number: int | None) -> str:
        return self._below(project, _REQUEST, number)

    def commit(self, project: str, sha: str) -> str:
        return self._below(project, _COMMIT, sha)

    def _below(self, key: str, folders: Mapping[ForgeKind, str], name: int | str | None) -> str:
        project = self.projects.get(key)
        base = self.bases.get(project.forge) if project else None
        return f"{base}/{project.path}/{folders[project.forge]}/{name}" if project and base and name else ""


def github_base(api_url: str) -> str:
    """The address for people: beside the API's on github.com and ghe.com, above it on a server of one's own."""
    at = urlsplit(api_url)
    host = at.netloc.removeprefix("api.") if (at.hostname or "").endswith((".github.com", ".ghe.com")) else at.netloc
    return f"{at.scheme}://{host}{at.path.rstrip('/').removesuffix('/api/v3')}"

"""Where people of a project read, beside those who are in the conversation anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain.catalogue import Catalogue
from bot.domain.message import Platform, Thread
from bot.domain.project import Project


@dataclass(frozen=True)
class Audience:
    """`has_slack`: nothing is said where nobody listens."""

    catalogue: Catalogue
    projects: Mapping[str, Project]
    has_slack: bool = False

    def channels(self, services: Iterable[str], thread: Thread) -> tuple[Thread, ...]:
        """The Slack channels that all projects of these services have in common, without the one in which `thread` is."""
        known = self.catalogue.services
        keys = {known[each].project for each in services if each in known}
        theirs = [set(self.projects[key].slack_channels) if key in self.projects else set() for key in sorted(keys)]
        common = set.intersection(*theirs) if theirs and self.has_slack else set()
        return tuple(Thread(Platform.SLACK, f"slack::{channel}:channel") for channel in sorted(common - {_channel(thread)}))


def is_private(thread: Thread) -> bool:
    """Whether nobody reads there but who speaks."""
    return thread.platform in {Platform.CONSOLE, Platform.WEB} or _channel(thread)[:1] in {"D", "@"}


def _channel(thread: Thread) -> str:
    parts = thread.address.split(":")
    return parts[2] if thread.platform is Platform.SLACK and len(parts) > 2 else ""

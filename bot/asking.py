"""Whether somebody may: what is known of a command, asked of the policy. The bus asks this for all that is said, wherever it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.auth.asked import Asked, Resource, Words
from bot.auth.policy import Decision
from bot.auth.schema import Known
from bot.domain.catalogue import Catalogue, Service
from bot.domain.message import Person, Platform, Said
from bot.domain.project import Project
from grammar.commands import Command

if TYPE_CHECKING:
    from bot.context import Scene

_PLACES = {Platform.CONSOLE: "terminal", Platform.GITHUB: "request", Platform.GITLAB: "request", Platform.SLACK: "channel"}


def identity(person: Person) -> str:
    """How an account is named in rules, settings and links: `github:7`."""
    return f"{person.platform}:{person.id}"


def authorize(scene: Scene, action: str, command: Command | None = None, *, is_fork: bool = False) -> Decision:
    """Whether who speaks may say this command here; without `command`, whatever its options. `is_fork`: it is about a fork's code."""
    known = scene.policies.known(action)
    return scene.policies.authorize(
        Asked(
            action=action,
            person=identity(scene.person),
            standing=scene.standing,
            resource=resource_of(scene),
            place=place_of(scene.said),
            channel=channel_of(scene.said),
            environment=scene.shared.key if scene.shared else "",
            is_fork=is_fork or (scene.environment is not None and scene.environment.is_fork),
            said=_said(known, command) if known and command else {},
        )
    )


def resource_of(scene: Scene) -> Resource:
    project, environment = scene.project, scene.environment
    found = project_resource(project) if project else Resource()
    if scene.service is not None:
        return service_resource(scene.service, found.forge, scene.catalogue)
    if environment is None:
        return found
    return Resource(environment.project, found.forge, environment.id, identity(environment.owner))


def project_resource(project: Project) -> Resource:
    return Resource(project.key, project.forge)


def service_resource(service: Service, forge: str, catalogue: Catalogue) -> Resource:
    return Resource(service.project, forge, service=service.key, groups=catalogue.groups_of(service.key))


def place_of(said: Said) -> str:
    """`request`, `channel`, `direct`, `terminal` or `web`."""
    if said.thread.platform is Platform.SLACK and channel_of(said)[:1] in {"D", "@"}:
        return "direct"
    return _PLACES.get(said.thread.platform, "web")


def channel_of(said: Said) -> str:
    """The id of the Slack channel it was said in, else nothing."""
    parts = said.thread.address.split(":")
    return parts[2] if said.thread.platform is Platform.SLACK and len(parts) > 2 else ""


def _said(known: Known, command: Command) -> dict[str, Words]:
    found: dict[str, Words] = {}
    for name, kind in known.options.items():
        value = getattr(command, name, None)
        if value is None or value is False:
            continue
        if kind == "Bool":
            found[name] = bool(value)
        elif kind == "Long":
            found[name] = int(value)
        else:
            found[name] = " ".join(map(str, value)) if isinstance(value, tuple) else str(getattr(value, "text", value))
    return found

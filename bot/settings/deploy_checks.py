"""What of services, shared environments and groups cannot be used is refused before anything starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.settings.deploys import DeploySettings, SharedEnvironmentSettings
from bot.settings.wanting import require
from bot.settings.whole import Settings

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_QUANTITY = {"cpu": re.compile(r"[0-9]+m|[0-9]+(\.[0-9]{1,3})?")} | dict.fromkeys(("memory", "disk"), re.compile(r"[0-9]+([KMGT]i?|k)?"))
_TAKEN = frozenset({"all", "latest"})
"""Names that mean something else in commands."""


def check_deploys(settings: Settings) -> None:
    """A name means one thing, and whatever is named is there. Raises SettingsError."""
    kinds: dict[str, Mapping[str, object]] = {
        "services": settings.services,
        "deploy.environments": settings.deploy.environments,
        "deploy.groups": settings.deploy.groups,
    }
    seen: dict[str, str] = {}
    for kind, things in kinds.items():
        for name in things:
            require(_NAME.fullmatch(name), f"{kind}.{name}: use small letters, digits and -, 63 at most")
            require(name not in _TAKEN, f"{kind}.{name}: {name} means something else in commands, use another name")
            require(seen.setdefault(name, kind) == kind, f"{name} is the name of something in {seen[name]} and in {kind}: use two names")
    _check_services(settings)
    _check_environments(settings)
    _check_clusters(settings.deploy)
    for name, stages in settings.deploy.groups.items():
        named = [each for stage in stages for each in stage]
        require(named, f"deploy.groups.{name} has no services")
        require(len(named) == len(set(named)), f"deploy.groups.{name} names a service twice")
        _must_be_there(f"deploy.groups.{name}", "service", named, settings.services)


def _check_services(settings: Settings) -> None:
    for name, service in settings.services.items():
        at = f"services.{name}"
        _must_be_there(f"{at}.project", "project", [service.project], settings.projects)
        _must_be_there(f"{at}.environments", "environment", service.environments, settings.deploy.environments)
        is_inside = not service.folder.startswith("/") and ".." not in service.folder.split("/")
        require(is_inside, f"{at}.folder is a folder of its repository, without .. and without / at its head")
        require(len(service.gates) == len(set(service.gates)), f"{at}.gates names a gate twice")
        asked = sorted({"ci", "review"}.intersection(service.gates))
        is_local = settings.projects[service.project].forge == "local"
        require(not asked or not is_local, f"{at}.gates: {', '.join(asked)} is the word of a forge, and {service.project} is on none")
    require(not settings.services or settings.deploy.environments, "there are services, but no deploy.environments to deploy them to")


def _check_environments(settings: Settings) -> None:
    environments = settings.deploy.environments
    for name, each in environments.items():
        at = f"deploy.environments.{name}"
        _must_be_there(f"{at}.after", "environment", [each.after] * bool(each.after), environments)
        _must_be_there(f"{at}.continuous", "service", each.continuous, settings.services)
        _must_be_there(f"{at}.config", "service", each.config, settings.services)
        require(not each.namespace or _NAME.fullmatch(each.namespace), f"{at}.namespace: use small letters, digits and -")
        for variable in each.rights:
            require(_VARIABLE.fullmatch(variable), f"{at}.rights: {variable!r} is no name of a variable")
        require(not _comes_round(name, environments), f"{at}.after: the environments come after each other in a circle")


def _check_clusters(deploy: DeploySettings) -> None:
    for name, each in deploy.environments.items():
        _check_place(f"deploy.environments.{name}", each, deploy)
    for name, cluster in deploy.clusters.items():
        at = f"deploy.clusters.{name}"
        require(_NAME.fullmatch(name), f"{at}: use small letters, digits and -, 63 at most")
        is_image = cluster.image and cluster.image.isprintable() and " " not in cluster.image and "://" not in cluster.image
        require(is_image, f"{at}.image: {cluster.image!r} is no image; for instance registry.example.com/trellis:1.2")
        require(_NAME.fullmatch(cluster.namespace), f"{at}.namespace: {cluster.namespace!r}: use small letters, digits and -")
        for key in ("account", "planner"):
            require(_ACCOUNT.fullmatch(getattr(cluster, key)), f"{at}.{key}: {getattr(cluster, key)!r} is no name of a service account")
        require(cluster.account != cluster.planner, f"{at}.planner: runs that plan have no rights, so it is another than {at}.account")
        for key, pattern in _QUANTITY.items():
            require(pattern.fullmatch(getattr(cluster, key)), f"{at}.{key}: {getattr(cluster, key)!r} is no quantity of Kubernetes")
        require(cluster.kubeconfig is None or cluster.kubeconfig.is_file(), f"{at}.kubeconfig: there is no file {cluster.kubeconfig}")


def _check_place(at: str, environment: SharedEnvironmentSettings, deploy: DeploySettings) -> None:
    named, known = environment.cluster, deploy.clusters
    if environment.target == "host":
        require(not named, f"{at}.cluster: it says {named}, but its target is the host; set {at}.target to kubernetes")
        return
    require(known, f"{at}.target is kubernetes, but there are no deploy.clusters: add one, with its image and its namespace")
    _must_be_there(f"{at}.cluster", "cluster", [named] * bool(named), known)
    require(named or len(known) == 1, f"{at}.cluster is missing; there is {', '.join(sorted(known))}")


def _comes_round(name: str, environments: Mapping[str, object]) -> bool:
    seen, at = {name}, name
    while at := getattr(environments.get(at), "after", ""):
        if at in seen:
            return True
        seen.add(at)
    return False


def _must_be_there(at: str, what: str, named: Iterable[str], known: Iterable[str]) -> None:
    there = set(known)
    for name in named:
        require(name in there, f"{at}: there is no {what} {name!r}; there is {', '.join(sorted(there)) or 'none'}")

"""What a repository says, turned into what an engine needs."""

from __future__ import annotations

import shlex

from bot.domain import devenv
from bot.domain.devenv import DevEnv
from bot.domain.environment import Environment, Size
from bot.domain.project import Project
from provisioner.engine import EngineFailed, Limits, Service, Source, Spec, StageName

LIMITS = {Size.SMALL: Limits(1024, 256), Size.MEDIUM: Limits(2048, 512), Size.LARGE: Limits(4096, 1024)}


def source_of(project: Project, ref: str, sha: str) -> Source:
    return Source(project.key, project.clone_url, ref, sha)


def config_of(files: dict[str, bytes]) -> DevEnv:
    """What the repository says. Raises EngineFailed with every problem and its place."""
    found = devenv.read(files.get(".dev-env.yaml"), files.get("Procfile"))
    if isinstance(found, DevEnv):
        return found
    first, *others = found
    more = f" (and {len(others)} more)" if others else ""
    raise EngineFailed(StageName.CONFIGURING, f"{first}{more}", tuple(map(str, found)), code=first.code)


def reads_tilt_args(config: DevEnv) -> bool:
    return any("TILT_ARGS" in text for service in config.services for text in (service.run, service.build or ""))


def spec_of(environment: Environment, project: Project, config: DevEnv) -> Spec:
    tilt_args = (("TILT_ARGS", shlex.join(environment.tilt_args)),) if environment.tilt_args else ()
    services = tuple(
        Service(each.name, each.run, each.port, each.health, tuple(each.env) + tilt_args, each.build) for each in config.services
    )
    return Spec(
        environment=environment.id,
        slug=environment.slug,
        generation=environment.generation,
        source=source_of(project, environment.ref, environment.sha),
        services=services,
        limits=LIMITS[environment.size],
    )

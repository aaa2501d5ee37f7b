"""What a repository says, turned into what an engine needs."""

from __future__ import annotations

import shlex
from dataclasses import replace

import msgspec

from bot.domain import devenv
from bot.domain.cost import resized
from bot.domain.deadlines import with_deadline
from bot.domain.devenv import DevEnv
from bot.domain.devenv_choice import Allowed, Choice, NotThere, choose
from bot.domain.egress import ways_from
from bot.domain.environment import Environment, Size
from bot.domain.placement import misplaced
from bot.domain.project import Project, request_ref
from bot.domain.trading import USUAL, Offer, Trading
from bot.domain.wall import breach
from bot.refusals_config import misplaced_text
from bot.worker.equipment import Given
from provisioner import engine as port
from provisioner.engine import Engine, EngineFailed, Limits, RunsTilt, Service, Source, Spec, StageName

LIMITS = {Size.SMALL: Limits(1024, 256), Size.MEDIUM: Limits(2048, 512), Size.LARGE: Limits(4096, 1024)}


def source_of(project: Project, ref: str, sha: str) -> Source:
    return Source(project.key, project.clone_url, ref, sha)


def source_for(environment: Environment, project: Project) -> Source:
    """What an environment is made of. A fork's commit is fetched from the project, never from the fork."""
    is_fork = environment.is_fork and environment.request is not None
    ref = request_ref(project.forge, environment.request or 0) if is_fork else environment.ref
    return source_of(project, ref, environment.sha)


def source_of_running(environment: Environment, project: Project) -> Source:
    """At the commit that runs, whatever is wanted by now."""
    return source_for(msgspec.structs.replace(environment, sha=environment.running_sha or environment.sha), project)


def runs_tilt(engine: Engine, project: str) -> bool:
    return isinstance(engine, RunsTilt) and engine.runs_tilt(project)


def config_of(files: dict[str, bytes], offer: Offer = USUAL, now: float | None = None, *, runs_tilt: bool = False) -> DevEnv:
    """What the repository says. Raises EngineFailed with every problem and its place."""
    found = devenv.read(files.get(".dev-env.yaml"), files.get("Procfile"), offer, now, runs_tilt=runs_tilt)
    if isinstance(found, DevEnv):
        return found
    first, *others = found
    more = f" (and {len(others)} more)" if others else ""
    raise EngineFailed(StageName.CONFIGURING, f"{first}{more}", tuple(map(str, found)), code=first.code)


def check_place(environment: Environment, config: DevEnv) -> None:
    """Raises EngineFailed for what its engine is no place for; nothing is made or given by then."""
    if how := misplaced(environment.engine, is_trading=config.trading is not None):
        raise EngineFailed(StageName.CONFIGURING, misplaced_text(how, config.file, environment.project), code=how.value)


def check_wall(config: DevEnv, choice: Choice, offer: Offer) -> None:
    """Raises EngineFailed where services as they will run would reach production, or be told limits that are not the file's."""
    if config.trading and (found := breach(choice.services, offer.sandbox_hosts, config.trading.as_json(offer.sandboxes))):
        raise EngineFailed(StageName.CONFIGURING, f"{found}: a trading environment reaches sandboxes only", code="production_host")


def choice_of(environment: Environment, config: DevEnv, sizes: tuple[Size, ...] = tuple(Size)) -> Choice:
    """What of the file this environment is made of. Raises EngineFailed when its profile or a service is no longer there."""
    try:
        return choose(config, environment.profile, environment.services, is_fork=environment.is_fork, sizes=sizes)
    except NotThere as error:
        raise EngineFailed(StageName.CONFIGURING, f"{config.file}: {error}", code=f"unknown_{error.kind}") from error


def as_wished(environment: Environment, choice: Choice, allowed: Allowed, now: float, *, is_fork: bool) -> Environment:
    """What nobody said is as the file says: the size each time, the time to live when the file is read first."""
    left, before = environment.left_to_file, environment
    size = (choice.size or Size.SMALL) if "size" in left else environment.size
    if "ttl" in left and choice.ttl_s is not None:
        ttl_s = allowed.ttl_of(choice.ttl_s, is_fork=is_fork)
        end = environment.expires_at if environment.end_before_keep is None else environment.end_before_keep
        end = min(max(end + ttl_s - allowed.ttl_s, now + ttl_s), environment.created_at + allowed.cap_s)
        if environment.is_kept:
            before = msgspec.structs.replace(environment, end_before_keep=end)
        elif end != environment.expires_at:
            before = with_deadline(environment, end, now)
    rest = tuple(each for each in left if each != "ttl")
    return msgspec.structs.replace(resized(before, size, now), left_to_file=rest)


def spec_of(environment: Environment, project: Project, choice: Choice) -> Spec:
    arguments = environment.tilt_args or choice.tilt_args
    tilt_args = (("TILT_ARGS", shlex.join(arguments)),) if arguments else ()
    services = tuple(
        Service(each.name, each.run, each.port, each.health, tuple(each.env) + tilt_args, each.build) for each in choice.services
    )
    return Spec(
        environment=environment.id,
        slug=environment.slug,
        generation=environment.generation,
        source=source_for(environment, project),
        services=services,
        limits=LIMITS[environment.size],
        size=environment.size.value,
        tilt_arguments=tuple(arguments or ()),
    )


def equipped(spec: Spec, trading: Trading, given: Given, offer: Offer) -> Spec:
    """With what a trading environment has of its own."""
    told = dict(given.told)
    ways = ways_from(trading, offer, told.get("FEED_URL", ""), told.get("TRELLIS_API", ""))
    own = port.Trading(
        ways=tuple((each.host, each.port) for each in ways),
        given=given.told,
        kept=tuple((each.name, each.path) for each in given.secrets),
        is_on_paper=trading.is_on_paper,
    )
    return replace(spec, secrets=given.variables, trading=own)

"""What of engines does not go together is refused before anything starts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from bot.settings.engines import HOSTS, LOCAL, MACHINES, ON_AWS, engine_name, lacking, makes_machines, module_of, modules
from bot.settings.wanting import require
from bot.settings.whole import Settings


def check_engines(settings: Settings) -> None:
    """Raises SettingsError."""
    _check_projects(settings)
    _check_machines(settings)
    _check_image(settings)
    _check_spares(settings)


def _check_projects(settings: Settings) -> None:
    written: dict[str, str] = {}
    for key, project in settings.projects.items():
        name, module = f"TRELLIS_PROJECTS__{key.upper()}", module_of(settings, key)
        require(
            not project.module or module,
            f"{name}__MODULE={project.module} needs Terraform, and {key} is on this machine: set {name}__ENGINE=terraform, or take it out",
        )
        if module:
            other = written.setdefault(Path(module).name, module)
            require(other == module, f"{name}__MODULE: {other} and {module} are two modules of one name: keep one of them")
        is_used = module or not project.terraform.variables
        require(is_used, f"{name}__TERRAFORM__VARIABLES need Terraform, and {key} is on this machine: take them out")
        for seed, each in project.seeds.items():
            is_possible = not each.snapshot or engine_name(settings, key) == MACHINES
            has = f"{name}__SEEDS__{seed.upper()}__SNAPSHOT: a snapshot is for machines on AWS, and {key}'s environments"
            require(is_possible, f"{has} have none: offer an archive, or set {name}__ENGINE=terraform and {name}__MODULE=branch-env")
    usual = module_of(settings, "")
    other = written.get(Path(usual).name, usual) if usual else ""
    require(other == usual, f"TRELLIS_TERRAFORM__MODULE: {usual} and {other} are two modules of one name: keep one of them")


def _check_machines(settings: Settings) -> None:
    """What modules on AWS cannot do without, and a Traefik: without one their addresses would lead nowhere."""
    if not modules(settings):
        return
    has_region = not settings.terraform.state_bucket or settings.terraform.variables.get("region")
    require(has_region, "TRELLIS_TERRAFORM__STATE_BUCKET is set without TRELLIS_TERRAFORM__VARIABLES__REGION: set it")
    if not makes_machines(settings):
        return
    for name in [each for each in ON_AWS if each in modules(settings)]:
        whose = _whose(settings, name)
        missing = next(iter(lacking(settings)), "")
        require(not missing, f"TRELLIS_TERRAFORM__VARIABLES__{missing.upper()} is missing: {name} needs it")
        require(settings.traefik, f"{whose}={name} needs a Traefik before its machines: set TRELLIS_TRAEFIK__TOKEN")
        require(settings.domain != "localhost", f"{whose}={name} needs TRELLIS_DOMAIN: where environments are reached")
    if HOSTS in modules(settings):
        _check_hosts(settings, f"{_whose(settings, HOSTS)}={HOSTS}")


def _check_hosts(settings: Settings, whose: str) -> None:
    """A host of a trading environment reads its own secrets, and finds the feed and Trellis, from another machine than this."""
    require(settings.vault.kind == "aws", f"{whose} needs TRELLIS_VAULT__KIND=aws: a host reads its secrets by its own role")
    region = str(settings.terraform.variables["region"])
    same = settings.vault.region in {"", region}
    require(same, f"{whose}: TRELLIS_VAULT__REGION is {settings.vault.region}, and hosts are in {region}: their role reads there only")
    require(not _only_here(settings.feeds.nats_url), f"{whose} needs TRELLIS_FEEDS__NATS_URL: a NATS that hosts reach, not this machine's")
    require(not _only_here(settings.public_url), f"{whose} needs TRELLIS_PUBLIC_URL: where hosts reach Trellis")
    endpoints = settings.terraform.variables.get("endpoint_cidrs")
    require(endpoints, f"TRELLIS_TERRAFORM__VARIABLES__ENDPOINT_CIDRS is missing: {HOSTS} reaches AWS's own endpoints only (README of it)")


def _only_here(urls: str) -> bool:
    """Whether nobody on another machine could use one of the addresses."""
    names = [urlsplit(each).hostname or "" for each in urls.split(",")]
    return any(name in {"", "localhost", "::1"} or name.endswith(".localhost") or name.startswith("127.") for name in names)


def _whose(settings: Settings, module: str) -> str:
    """The setting that says it."""
    own = [key for key, each in settings.projects.items() if Path(each.module).name == module]
    return f"TRELLIS_PROJECTS__{own[0].upper()}__MODULE" if own else "TRELLIS_TERRAFORM__MODULE"


def _check_image(settings: Settings) -> None:
    """What a builder cannot do without, where an image is to be baked at all."""
    told = settings.image
    if not told.is_baked:
        return
    is_used = makes_machines(settings)
    require(is_used, "TRELLIS_IMAGE__BASE_IMAGE_ID: images are baked for machines: set TRELLIS_TERRAFORM__MODULE=branch-env")
    for name in ("security_group_id", "instance_profile"):
        require(getattr(told, name), f"TRELLIS_IMAGE__{name.upper()} is missing: the builder of an image needs it")
    require(not told.channel or settings.slack, "TRELLIS_IMAGE__CHANNEL is a channel of Slack, and Slack is not configured")


def _check_spares(settings: Settings) -> None:
    """On one machine there is nothing that could be made beforehand."""
    for key in settings.spares.projects:
        name = f"TRELLIS_SPARES__PROJECTS__{key.upper()}"
        require(key in settings.projects, f"{name}: there is no project {key}")
        is_made = engine_name(settings, key) != LOCAL
        require(is_made, f"{name}: warm spares need TRELLIS_ENGINE=terraform, or TRELLIS_PROJECTS__{key.upper()}__ENGINE=terraform")

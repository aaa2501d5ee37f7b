"""What of engines does not go together is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

from bot.settings.engines import LOCAL, engine_name, lacking, makes_machines, module_of, modules
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
    usual = module_of(settings, "")
    other = written.get(Path(usual).name, usual) if usual else ""
    require(other == usual, f"TRELLIS_TERRAFORM__MODULE: {usual} and {other} are two modules of one name: keep one of them")


def _check_machines(settings: Settings) -> None:
    """What branch-env cannot do without, and a Traefik: without one its addresses would lead nowhere."""
    if not modules(settings):
        return
    has_region = not settings.terraform.state_bucket or settings.terraform.variables.get("region")
    require(has_region, "TRELLIS_TERRAFORM__STATE_BUCKET is set without TRELLIS_TERRAFORM__VARIABLES__REGION: set it")
    if not makes_machines(settings):
        return
    whose = _whose(settings)
    missing = next(iter(lacking(settings)), "")
    require(not missing, f"TRELLIS_TERRAFORM__VARIABLES__{missing.upper()} is missing: branch-env needs it")
    require(settings.traefik, f"{whose}=branch-env needs a Traefik before its machines: set TRELLIS_TRAEFIK__TOKEN")
    require(settings.domain != "localhost", f"{whose}=branch-env needs TRELLIS_DOMAIN: where environments are reached")


def _whose(settings: Settings) -> str:
    """The setting that says branch-env."""
    own = [key for key, each in settings.projects.items() if Path(each.module).name == "branch-env"]
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

"""Environments on machines of their own, wired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.app.tokens import ForgeTokens
from bot.app.variables import of_projects
from bot.chats.github_access import Access
from bot.settings import Settings, SettingsError
from bot.settings.engines import HOSTS, ON_AWS, engine_name
from bot.web.console import token_in
from provisioner import ec2
from provisioner.git import Git
from provisioner.mirrors import Mirrors
from provisioner.setup.code import S3Code
from provisioner.setup.here import Here, HereCode, HerePower, HereRoles
from provisioner.setup.hosts import Hosts
from provisioner.setup.machines import Machines
from provisioner.setup.plan import Host
from provisioner.setup.power import Ec2Power
from provisioner.setup.programs import URLS, Program, Programs
from provisioner.setup.ssm import SsmShell
from provisioner.terraform.records import DATA
from provisioner.terraform.settings import MODULES, LocalState, S3State, TerraformSettings
from provisioner.terraform.trading import NOWHERE
from provisioner.traefik.names import proof_of

_GRACE_S = 24 * 3600.0
"""Between the last end that Trellis gives and the one at which everything is taken down from outside."""


def terraform_of(settings: Settings, written: str) -> TerraformSettings:
    """For a module, as the settings have it. Raises SettingsError."""
    part = settings.terraform
    module: Path = MODULES / written  # a path that begins at the root stays what it is
    if not module.is_dir():
        raise SettingsError(f"TRELLIS_ENGINE=terraform needs the folder terraform/ of Trellis's source, which is not at {module}")
    state = S3State(part.state_bucket, str(part.variables["region"])) if part.state_bucket else LocalState()
    longest_s = max(settings.limits.cap_hours, settings.limits.keep_hours) * 3600 + _GRACE_S
    found = TerraformSettings(settings.data_dir, module, state, part.program, part.plugins, longest_life_s=longest_s)
    declared = found.declared
    _check_data(settings, found.name, declared)
    variables = {name: value for name, value in part.variables.items() if name in declared}  # what it does not have is another module's
    also: tuple[Mapping[str, Any], ...] = ()
    if found.name == HOSTS:  # each environment's own ways are found when it is made
        also, variables["egress"] = tuple(variables.get("egress", ())), list(NOWHERE)
    return replace(found, variables=variables, also=also, of_projects=of_projects(settings, found.name, declared))


def _check_data(settings: Settings, module: str, declared: frozenset[str]) -> None:
    """A copy of the module that is older than datasets of snapshots would make machines without their data."""
    for key, project in settings.projects.items():
        if engine_name(settings, key) == module and any(each.snapshot for each in project.seeds.values()) and not declared >= DATA:
            raise SettingsError(f"TRELLIS_PROJECTS__{key.upper()}__SEEDS: the module {module} here has no data.tf, which snapshots need")


def host_of(settings: Settings) -> Host:
    scheme = settings.traefik.scheme if settings.traefik else "https"
    allowed = {key: each.tilt_allowed for key, each in settings.projects.items()}
    return Host(settings.domain, scheme, settings.terraform.ingress, tilt_arguments=allowed, programs=programs_of(settings))


def programs_of(settings: Settings) -> Programs:
    pins = settings.terraform.programs
    return {name: Program((each.url or URLS[name]).replace("{version}", each.version), each.sha256) for name, each in pins.items()}


def machines_of(settings: Settings, github: Access | None, names: Iterable[str]) -> Mapping[str, Machines]:
    """What sets up the machines that modules on AWS make, by the module's name."""
    wanted = frozenset(names)
    return {name: _setting_up(settings, github, name) for name in ON_AWS if name in wanted}


def _setting_up(settings: Settings, github: Access | None, name: str) -> Machines:
    home, variables = settings.data_dir.absolute() / "terraform", settings.terraform.variables
    client = partial(ec2.client, region=str(variables["region"]))
    mirrors = Mirrors(Git(home / "git", ForgeTokens(settings, github)), home / "mirrors")
    key = token_in(settings.data_dir).encode()
    code = S3Code(mirrors, partial(client, "s3"), str(variables["data_bucket"]))
    shell, power, proof = SsmShell(partial(client, "ssm")), Ec2Power(partial(client, "ec2")), partial(proof_of, key)
    if name == HOSTS:
        return Hosts(shell, code, host_of(settings), proof, power, region=str(variables["region"]))
    return Machines(shell, code, host_of(settings), proof, power)


def here_of(settings: Settings, github: Access | None) -> Machines:
    """This machine, set up for local-env. Its own Traefik answers on port 80."""
    home, here = settings.data_dir.absolute() / "terraform", Here()
    code = HereCode(Mirrors(Git(home / "git", ForgeTokens(settings, github)), home / "mirrors"), home / "code")
    host = replace(host_of(settings), scheme=settings.traefik.scheme if settings.traefik else "http")
    proof = partial(proof_of, token_in(settings.data_dir).encode())
    return Machines(here, code, host, proof, HerePower(here), roles=HereRoles(here))

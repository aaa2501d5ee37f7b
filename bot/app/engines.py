"""Where environments run: the keeper of this machine, Terraform's modules, and which of them is whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from bot.app.account import account_of
from bot.app.images import bakery_of, image_now
from bot.app.machines import here_of, machines_of, terraform_of
from bot.app.tokens import ForgeTokens
from bot.chats.github_access import Access
from bot.settings import Settings
from bot.settings.engines import HERE, LOCAL, ON_AWS, engine_name, lacking, modules, usual
from bot.settings.terraform import MODULES
from bot.store.made_by import made_by
from bot.store.store import Store
from bot.worker.strays import Account
from provisioner import ec2
from provisioner.by_project import Choice, EngineByProject
from provisioner.engine import Engine, Repositories
from provisioner.images import Bakery
from provisioner.local import LocalEngine
from provisioner.remotes import GitRepositories
from provisioner.setup.machines import Machines
from provisioner.terraform.engine import TerraformEngine
from provisioner.terraform.records import Records
from provisioner.terraform.remains import AwsRemains
from provisioner.terraform.settings import TerraformSettings
from provisioner.terraform.trading import Resolve, addresses_of


@dataclass(frozen=True)
class Place:
    """Where environments run and what is asked of git; `account` is the cloud's, where there is one, and `bakery` makes its images."""

    engine: Engine
    repositories: Repositories
    account: Account | None = None
    bakery: Bakery | None = None


def engine_of(
    settings: Settings,
    keeper: Engine,
    store: Store,
    machines: Mapping[str, Machines] = MappingProxyType({}),
    resolve: Resolve = addresses_of,
) -> Engine:
    """The keeper itself, or each project's by the settings. `machines` set up what modules make, by name. Raises SettingsError."""
    if not (modules(settings) or _left_here(settings)):
        return keeper
    engines: dict[str, Engine] = {LOCAL: keeper}
    for name, module in wanted(settings).items():
        image = image_now(settings, store) if name in ON_AWS else None
        remains = _remains_of(settings) if name in ON_AWS else None
        told = terraform_of(settings, module)
        engines[name] = TerraformEngine(told, keeper, machines=machines.get(name), image=image, resolve=resolve, remains=remains)
    choice = Choice({key: engine_name(settings, key) for key in settings.projects}, usual(settings))
    return EngineByProject(engines, choice, partial(made_by, store))


def _remains_of(settings: Settings) -> AwsRemains:
    return AwsRemains(partial(ec2.client, region=str(settings.terraform.variables["region"])))


def wanted(settings: Settings) -> Mapping[str, str]:
    """The modules that somebody has, and those that no project has any more, but environments of which are there."""
    left = {name for name in _left_here(settings) & set(MODULES) if name not in ON_AWS or not lacking(settings)}
    return {**{name: name for name in sorted(left)}, **modules(settings)}


def _left_here(settings: Settings) -> set[str]:
    """The modules of which something is there, by what this machine remembers."""
    return {each.made_by for each in Records(TerraformSettings(settings.data_dir).environments).all()}


def place_of(settings: Settings, store: Store, github: Access | None) -> Place:
    machines = dict(machines_of(settings, github, [name for name in wanted(settings) if name in ON_AWS]))
    if settings.terraform.sets_up_here:
        machines[HERE] = here_of(settings, github)
    engine = engine_of(settings, LocalEngine(settings.keeper_socket), store, machines)
    repositories = GitRepositories(settings.data_dir / "git", ForgeTokens(settings, github))
    return Place(engine, repositories, account_of(settings), bakery_of(settings))

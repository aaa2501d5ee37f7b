"""Where deploys run, and where artifacts are fetched from, from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.app.contracts import Comparing
from bot.app.sources import sources_of
from bot.gates import Contracts
from bot.settings import ClusterSettings, Settings
from bot.store.store import Store
from bot.worker.deploy_jobs import Files
from bot.worker.tidying import Tidying
from deploy.host import socket_in
from deploy.kubernetes import KubernetesRunner, KubernetesSettings
from deploy.remote import RemoteRunner
from deploy.runner import Runner


@dataclass(frozen=True)
class Deploys:
    """Where runs of deploy.py are, and the files that they bring. `clusters` are runners by name, `elsewhere` names by environment."""

    runner: Runner
    files: Files
    clusters: Mapping[str, KubernetesRunner] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def runner_of(self, environment: str) -> Runner:
        """Of this host, unless the environment is in a cluster."""
        return self.clusters[self.elsewhere[environment]] if environment in self.elsewhere else self.runner

    @property
    def runners(self) -> tuple[Runner, ...]:
        return (self.runner, *self.clusters.values())

    def contracts(self) -> Contracts:
        """Whoever compares those that lie beside artifacts."""
        return Comparing(self.files)


def deploys_of(settings: Settings) -> Deploys:
    """Runs are the keeper's, or Jobs of a cluster: workers come and go."""
    deploy = settings.deploy
    clusters = {name: KubernetesRunner(kubernetes_of(each)) for name, each in deploy.clusters.items()}
    elsewhere = {name: cluster for name in deploy.environments if (cluster := deploy.cluster_of(name))}
    return Deploys(RemoteRunner(socket_in(settings.deploys_dir)), sources_of(settings), clusters, elsewhere)


def kubernetes_of(cluster: ClusterSettings) -> KubernetesSettings:
    given = cluster.model_dump(exclude={"kept_hours", "look_s"})
    return KubernetesSettings(**given, kept_s=int(cluster.kept_hours * 3600), look_s=cluster.look_s, log_s=2 * cluster.look_s)


def tidying_of(settings: Settings, store: Store) -> Tidying:
    pushed, deploy = settings.pushed_dir, settings.deploy
    return Tidying(store, (pushed.with_name("files"), pushed), deploy.keep_days * 86_400, deploy.keep_versions)

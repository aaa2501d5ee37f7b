"""What is configured wrongly of deploys is said in one line that names the key, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.deploys import deploys_of
from bot.settings import Settings, SettingsError, load

CLUSTER = """
[deploy.clusters.main]
image = "registry.example/trellis:1"
namespace = "runs"
"""
PROD = """
[deploy.environments.prod]
target = "kubernetes"
"""


def read(monkeypatch: pytest.MonkeyPatch, folder: Path, toml: str) -> Settings:
    monkeypatch.chdir(folder)
    (folder / "trellis.toml").write_text(toml)
    return load()


CLUSTERS = {
    PROD: "deploy.environments.prod.target is kubernetes, but there are no deploy.clusters: add one, with its image and its namespace",
    PROD + 'cluster = "mian"\n' + CLUSTER: "deploy.environments.prod.cluster: there is no cluster 'mian'; there is main",
    PROD + CLUSTER + CLUSTER.replace("main", "other"): "deploy.environments.prod.cluster is missing; there is main, other",
    '[deploy.environments.dev]\ncluster = "main"\n' + CLUSTER: (
        "deploy.environments.dev.cluster: it says main, but its target is the host; set deploy.environments.dev.target to kubernetes"
    ),
    CLUSTER.replace("registry.example/trellis:1", "https://registry.example/trellis"): (
        "deploy.clusters.main.image: 'https://registry.example/trellis' is no image; for instance registry.example.com/trellis:1.2"
    ),
    CLUSTER.replace('"runs"', '"Runs_1"'): "deploy.clusters.main.namespace: 'Runs_1': use small letters, digits and -",
    CLUSTER + 'planner = "trellis-deployer"\n': (
        "deploy.clusters.main.planner: runs that plan have no rights, so it is another than deploy.clusters.main.account"
    ),
    CLUSTER + 'account = "a b"\n': "deploy.clusters.main.account: 'a b' is no name of a service account",
    CLUSTER + 'memory = "much"\n': "deploy.clusters.main.memory: 'much' is no quantity of Kubernetes",
    CLUSTER + 'cpu = "1Gi"\n': "deploy.clusters.main.cpu: '1Gi' is no quantity of Kubernetes",
    CLUSTER + 'kubeconfig = "nowhere"\n': "deploy.clusters.main.kubeconfig: there is no file nowhere",
    CLUSTER + 'imgae = "x"\n': "TRELLIS_DEPLOY__CLUSTERS__MAIN__IMGAE: Extra inputs are not permitted",
    CLUSTER.replace('image = "registry.example/trellis:1"\n', ""): "TRELLIS_DEPLOY__CLUSTERS__MAIN__IMAGE: Field required",
}


@pytest.mark.parametrize("toml", CLUSTERS)
def test_a_cluster_that_cannot_be_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toml: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, tmp_path, toml)
    assert str(caught.value) == CLUSTERS[toml]


async def test_each_environment_runs_where_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = '[deploy.environments.dev]\n[deploy.environments.qa]\ntarget = "kubernetes"\ncluster = "other"\n'
    settings = read(monkeypatch, tmp_path, here + PROD + 'cluster = "main"\n' + CLUSTER + CLUSTER.replace("main", "other"))
    deploys = deploys_of(settings)
    assert (deploys.runner_of("qa"), deploys.runner_of("prod")) == (deploys.clusters["other"], deploys.clusters["main"])
    assert deploys.runner_of("dev") is deploys.runner is deploys.runner_of("one that is gone")

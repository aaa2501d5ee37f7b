"""What the doctor says of deploys to this host, and in clusters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.doctor_deploys import cluster, deploys
from bot.doctor_said import Finding
from bot.keep import host_settings
from bot.settings import Settings
from deploy.host import hosting
from deploy.kubernetes import KubernetesRunner
from processes import protection
from tests.deploy.stages import kubernetes_settings
from tests.fakes.kubernetes import FakeKubernetes


async def test_the_doctor_says_whether_services_can_be_deployed_to_this_host(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    away = await deploys(settings)
    assert (away.finding, away.words) == (
        Finding.BAD,
        "The keeper, which runs deploys on this host, is not running. Is `trellis up` running?",
    )
    async with hosting(host_settings(settings)):
        found = await deploys(settings)
        assert found.finding is (Finding.GOOD if (await protection()).sandbox else Finding.WARNING)
        assert found.words.startswith("0 programs run, 0 runs of deploy.py")
    async with hosting(replace(host_settings(settings), python="/nowhere/python")):
        broken = await deploys(settings)
        assert (broken.finding, "/nowhere/python cannot be asked for libdeploy" in broken.words) == (Finding.BAD, True)


async def test_the_doctor_says_whether_services_can_be_deployed_in_a_cluster(tmp_path: Path) -> None:
    with FakeKubernetes() as fake:
        runner = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)))
        missing = await cluster("main", runner)
        lacks = "there is no service account deployer in team; there is no service account planner in team"
        assert (missing.finding, missing.words) == (Finding.BAD, f"{lacks}: docs/operations.md says what it needs")
        for name in ("deployer", "planner"):
            fake.creates({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        found = await cluster("main", runner)
        assert (found.finding, found.about, found.words) == (Finding.GOOD, "deploys in cluster main", "answers, and takes runs")
        fake.denied = {("create", "jobs"), ("get", "pods/log"), ("get", "serviceaccounts")}
        denied = await cluster("main", runner)
        assert denied.words == "Trellis may not create jobs, get pods/log in team: docs/operations.md says what it needs"
        await runner.close()
        fake.objects.namespaces.clear()
        empty = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)))
        assert (await cluster("main", empty)).words == "there is no namespace team: docs/operations.md says what it needs"
        await empty.close()
        fake.tokens.clear()
        stranger = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)))
        assert (await cluster("main", stranger)).words == (
            "The API server of Kubernetes does not let us: 401, Unauthorized: look at deploy.clusters.main in trellis.toml"
        )
        await stranger.close()

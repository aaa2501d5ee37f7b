"""A run as a Job: what the Job says, and what becomes of it when the API server, a node or we ourselves fail. No process is run here."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.frames import Frames
from deploy.kubernetes import KubernetesRunner
from deploy.runner import CannotRun, Job, Observed, OtherJob, Rights, RunnerUnavailable, State, Step
from libdeploy.target import to_json
from tests.deploy.stages import kubernetes_settings
from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.wishes import target

JOB = Job("d1", Step.APPLY, "print()", to_json(target()), plan=b"{}", live=b"[]", within_s=60)
RIGHTS = Rights({"SECRET": "canary"})
RESULT = {"event": "result", "outcome": "applied"}


@pytest.fixture
def fake() -> Iterator[FakeKubernetes]:
    with FakeKubernetes(goes_on=True) as one:
        one.controllers.has_nodes = True
        yield one


@pytest.fixture
async def runner(fake: FakeKubernetes, tmp_path: Path) -> AsyncIterator[KubernetesRunner]:
    one = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)))
    yield one
    await one.close()


class Node:
    """Whoever runs the pods, and does with them what a test says."""

    def __init__(self, fake: FakeKubernetes) -> None:
        self.fake = fake
        self.logs: dict[str, bytes] = {}
        fake.log_of = self.logs.get

    def pod(self, run: str = "d1") -> str:
        self.fake.step(2)
        return next(each.name for each in self.fake.objects.all("Pod") if each.body["metadata"]["labels"]["trellis.dev/run"] == run)

    def is_at(self, phase: str, state: dict[str, Any], run: str = "d1", **more: Any) -> None:
        status = {"phase": phase, "containerStatuses": [{"name": "run", "state": state}], **more}
        self.fake.edit("Pod", self.pod(run), lambda body: (body["spec"].update(nodeName="one"), body.update(status=status)))

    def ends(self, run: str = "d1", *, code: int = 0, result: dict[str, Any] | None = None, made: bytes | None = None) -> None:
        log = bytearray()
        frames = Frames(log.extend)
        frames.out(json.dumps(result or RESULT).encode())
        frames.words(b"done\n")
        frames.end(made, {"how": f"exited with code {code} after 0.1 s"})
        self.logs[self.pod(run)] = bytes(log)
        self.is_at("Failed" if code else "Succeeded", {"terminated": {"exitCode": code}}, run)

    def vanishes(self) -> None:
        self.fake.objects.delete(next(each for each in self.fake.objects.all("Pod")))


@pytest.fixture
def node(fake: FakeKubernetes) -> Node:
    return Node(fake)


async def test_the_job_says_what_a_reviewer_would_ask_for(fake: FakeKubernetes, runner: KubernetesRunner) -> None:
    await runner.start(JOB, RIGHTS)
    body = fake.body("Job", "d1")
    spec, pod = body["spec"], body["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 510, 86400)
    assert (pod["restartPolicy"], pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("Never", "deployer", True)
    assert (pod["securityContext"]["runAsNonRoot"], container["securityContext"]["readOnlyRootFilesystem"]) == (True, True)
    assert container["image"] == "registry.example/trellis:1"
    assert container["resources"]["limits"]["memory"] == "256Mi"
    assert container["env"] == [{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "d1", "key": "right.SECRET"}}}]
    assert body["metadata"]["labels"].items() >= {"trellis.dev/step": "apply", "trellis.dev/service": "payments"}.items()
    assert "canary" not in json.dumps(body)
    secret = fake.body("Secret", "d1")
    assert secret["metadata"]["ownerReferences"][0]["uid"] == body["metadata"]["uid"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(secret["data"]["run"]))) as archive:
        assert set(archive.namelist()) == {"deploy.py", "target.json", "plan.json", "live.json"}


async def test_a_plan_has_no_rights_at_all(fake: FakeKubernetes, runner: KubernetesRunner) -> None:
    await runner.start(replace(JOB, step=Step.PLAN, artifact=Path("/somewhere")), RIGHTS)
    pod = fake.body("Job", "d1")["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("planner", False)
    assert (pod["containers"][0]["env"], list(fake.body("Secret", "d1")["data"])) == ([], ["run"])
    assert not any("artifact" in word for word in pod["containers"][0]["args"])


@pytest.mark.parametrize("operation", ["POST Job", "POST Secret"])
@pytest.mark.parametrize("is_lost", [True, False])
async def test_what_was_not_answered_is_said_once_more_and_can_be_said_again(
    fake: FakeKubernetes, runner: KubernetesRunner, operation: str, is_lost: bool
) -> None:
    for _ in range(3):
        if is_lost:
            fake.lose_next(operation)
        else:
            fake.fail_next(operation, 429, {"retry-after": "1"})
    with pytest.raises(RunnerUnavailable):
        await runner.start(JOB, RIGHTS)
    await runner.start(JOB, RIGHTS)
    await runner.start(JOB, RIGHTS)
    assert fake.names("Job", "Secret") == ["Job/d1", "Secret/d1"]


async def test_one_whose_starter_died_half_way_is_seen_and_finished(fake: FakeKubernetes, runner: KubernetesRunner, node: Node) -> None:
    fake.fail_next("POST Secret", 500, times=2)
    with pytest.raises(RunnerUnavailable):
        await runner.start(JOB, RIGHTS)
    assert await runner.observe("d1") == Observed(State.LOST, tries=1)
    await runner.start(JOB, RIGHTS)
    node.ends()
    assert (await runner.observe("d1")).tries == 1


async def test_the_same_id_with_other_contents_is_refused(runner: KubernetesRunner) -> None:
    await runner.start(JOB, RIGHTS)
    for other in (replace(JOB, program="import os"), replace(JOB, plan=b"{ }"), replace(JOB, within_s=61)):
        with pytest.raises(OtherJob, match="Something else was started as d1"):
            await runner.start(other, RIGHTS)


@pytest.mark.parametrize(
    ("job", "rights"),
    [
        (replace(JOB, plan=random.Random(1).randbytes(1_100_000)), RIGHTS),
        (JOB, Rights({"BIG": "x" * 1_100_000})),
        (JOB, Rights({"no name": "x"})),
    ],
)
async def test_what_can_never_run_is_refused_before_anything_is_made(
    fake: FakeKubernetes, runner: KubernetesRunner, job: Job, rights: Rights
) -> None:
    with pytest.raises(CannotRun):
        await runner.start(job, rights)
    assert fake.requests == []


async def test_a_look_that_is_not_answered_is_asked_once_more(fake: FakeKubernetes, runner: KubernetesRunner, node: Node) -> None:
    await runner.start(JOB, RIGHTS)
    node.ends()
    for operation in ("LIST Job", "GET Job", "LIST Pod", "GET log"):
        fake.lose_next(operation)
    assert (await runner.observe("d1")).state is State.ENDED


async def test_who_follows_a_run_does_not_lose_it_for_an_api_server_that_is_away(fake: FakeKubernetes, tmp_path: Path, node: Node) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        node.ends()

    runner = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)), pause=pause)
    await runner.start(JOB, RIGHTS)
    fake.fail_next("LIST Job", 503, times=2)
    assert (await runner.follow("d1", 0, 60)).state is State.ENDED
    assert len(paused) == 1
    runner._looks.forget()
    fake.fail_next("GET Job", 503, times=4)
    assert (await runner.follow("d1", 0, 0)).state is State.ENDED, "who has had no time asks again all the same"
    fake.fail_next("GET Job", 503, times=6)
    with pytest.raises(RunnerUnavailable):
        await runner.follow("d1", 0, 0)
    await runner.close()


@pytest.mark.parametrize(("status", "said"), [(503, "cannot just now: 503"), (403, "does not let us: 403"), (401, "does not let us: 401")])
async def test_an_api_server_that_says_no_is_told(fake: FakeKubernetes, runner: KubernetesRunner, status: int, said: str) -> None:
    for operation, ask in (("POST Job", runner.start(JOB, RIGHTS)), ("LIST Job", runner.observe("d1")), ("GET Job", runner.forget("d1"))):
        fake.fail_next(operation, status, times=2)
        with pytest.raises(RunnerUnavailable, match=said):
            await ask


async def test_no_namespace_no_server_and_no_kubeconfig_are_told(fake: FakeKubernetes, tmp_path: Path) -> None:
    settings = kubernetes_settings(fake.kubeconfig(tmp_path))
    (tmp_path / "dead").mkdir()
    for other, said in (
        (replace(settings, namespace="nothing"), "There is no namespace nothing"),
        (replace(settings, kubeconfig=fake.kubeconfig(tmp_path / "dead", url="http://127.0.0.1:9")), "does not answer"),
        (replace(settings, kubeconfig=tmp_path / "none"), "Set KUBECONFIG"),
    ):
        runner = KubernetesRunner(other)
        with pytest.raises(RunnerUnavailable, match=said):
            await runner.start(JOB, RIGHTS)
        await runner.close()


async def test_why_a_pod_does_not_begin_is_shown(runner: KubernetesRunner, node: Node) -> None:
    await runner.start(JOB, RIGHTS)
    assert await runner.observe("d1") == Observed(State.RUNNING, tries=1)
    node.is_at("Pending", {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
    assert (await runner.observe("d1")).log == "The pod waits: ImagePullBackOff: no such image\n"


async def test_its_end_is_kept_when_the_pod_is_gone(fake: FakeKubernetes, runner: KubernetesRunner, node: Node, tmp_path: Path) -> None:
    await runner.start(JOB, RIGHTS)
    node.ends(made=b"live")
    ended = await runner.observe("d1")
    assert ended == Observed(State.ENDED, (), RESULT, b"live", "done\n", 1)
    node.vanishes()
    later = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)))
    assert await later.observe("d1") == ended
    await later.close()


async def test_writing_down_its_end_can_fail_and_is_done_again(fake: FakeKubernetes, runner: KubernetesRunner, node: Node) -> None:
    await runner.start(JOB, RIGHTS)
    node.ends()
    fake.fail_next("POST Secret", 503, times=2)
    with pytest.raises(RunnerUnavailable):
        await runner.observe("d1")
    fake.lose_next("PATCH Job")
    fake.lose_next("PATCH Job")
    with pytest.raises(RunnerUnavailable):
        await runner.observe("d1")
    assert (await runner.observe("d1")).result == RESULT


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, {}, "deploy.py was killed for it took more memory than a run may."),
        (
            {"terminated": {"exitCode": 128, "reason": "StartError", "message": "no such file"}},
            {},
            "The pod ended with code 128 before deploy.py began: no such file.",
        ),
        ({"terminated": {"exitCode": 137, "reason": "Error"}}, {}, None),
        ({"terminated": {"exitCode": 1, "reason": "Error"}}, {"reason": "Evicted"}, None),
    ],
)
async def test_who_ends_without_a_word_is_lost_when_it_was_the_node(
    runner: KubernetesRunner, node: Node, state: dict[str, Any], more: dict[str, Any], said: str | None
) -> None:
    await runner.start(JOB, RIGHTS)
    node.is_at("Failed", state, **more)
    seen = await runner.observe("d1")
    assert (seen.state, seen.result and seen.result["message"]) == (State.ENDED if said else State.LOST, said)


async def test_a_pod_that_somebody_took_away_is_lost_and_begun_again(fake: FakeKubernetes, runner: KubernetesRunner, node: Node) -> None:
    await runner.start(JOB, RIGHTS)
    node.pod()
    node.vanishes()
    assert (await runner.observe("d1")).state is State.LOST
    await asyncio.gather(runner.start(JOB, RIGHTS), runner.start(JOB, RIGHTS), return_exceptions=True)
    await runner.start(JOB, RIGHTS)
    node.ends()
    seen = await runner.observe("d1")
    assert (seen.state, seen.tries, fake.names("Job", "Secret")) == (State.ENDED, 2, ["Job/d1", "Secret/d1", "Secret/d1-said"])


async def test_what_nobody_has_collected_yet_of_an_earlier_run_of_that_name_is_not_this_ones(
    fake: FakeKubernetes, runner: KubernetesRunner, node: Node
) -> None:
    await runner.start(JOB, RIGHTS)
    node.ends(code=1, result={"event": "result", "outcome": "failed"})
    assert (await runner.observe("d1")).state is State.ENDED
    fake.goes_on = False
    fake.objects.delete(next(iter(fake.objects.all("Job"))))
    assert fake.names("Job", "Secret", "Pod")[1:] == ["Secret/d1", "Secret/d1-said"]
    await runner.start(JOB, RIGHTS)
    assert await runner.observe("d1") == Observed(State.RUNNING, tries=1)
    fake.goes_on = True
    await runner.observe("d1")
    node.ends()
    assert (await runner.observe("d1")).result == RESULT
    assert (await runner.observe("d1")).result == RESULT


async def test_nothing_has_ended_while_its_pod_still_stops(fake: FakeKubernetes, runner: KubernetesRunner, node: Node) -> None:
    await runner.start(JOB, RIGHTS)
    node.is_at("Running", {"running": {}})
    await runner.cancel("d1")
    fake.edit("Job", "d1", lambda body: body["status"].update(startTime="2020-01-01T00:00:00Z"))
    seen = await runner.observe("d1")
    assert fake.body("Job", "d1")["status"]["conditions"][0]["reason"] == "DeadlineExceeded"
    assert seen.state is State.RUNNING
    node.vanishes()
    seen = await runner.observe("d1")
    assert (seen.state, seen.result and seen.result["message"]) == (State.ENDED, "deploy.py was killed by SIGTERM: it was cancelled.")


async def test_a_node_that_is_cut_off_does_not_hold_a_run_for_ever(fake: FakeKubernetes, tmp_path: Path, node: Node) -> None:
    now = [0.0]
    fake.objects.clock = lambda: now[0]
    runner = KubernetesRunner(kubernetes_settings(fake.kubeconfig(tmp_path)), clock=lambda: now[0])
    await runner.start(JOB, RIGHTS)
    node.is_at("Running", {"running": {}})
    await runner.observe("d1")
    now[0] = 600
    assert (await runner.observe("d1")).state is State.RUNNING
    now[0] = 1200
    for _ in range(2):
        fake.fail_next("GET log", 502)
    seen = await runner.observe("d1")
    assert (seen.state, seen.result and seen.result["message"]) == (State.ENDED, "deploy.py had not ended after 510 s and was killed.")
    await runner.close()


async def test_hundreds_are_looked_at_together_a_page_at_a_time(fake: FakeKubernetes, tmp_path: Path) -> None:
    runner = KubernetesRunner(replace(kubernetes_settings(fake.kubeconfig(tmp_path)), look_s=60.0, page=5))
    ids = [f"d{number}" for number in range(12)]
    for each in ids:
        await runner.start(replace(JOB, id=each), RIGHTS)
    fake.step(2)
    fake.requests.clear()
    seen = await asyncio.gather(*(runner.observe(each) for each in ids * 3))
    assert {each.state for each in seen} == {State.RUNNING}
    assert len(fake.requests) == 3 + 3 + len(ids) * 3
    await runner.close()

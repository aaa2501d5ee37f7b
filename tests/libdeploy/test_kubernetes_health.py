"""What was deployed is waited for; what will not run is told with its reason, and taken back."""

from __future__ import annotations

import re

import pytest

import libdeploy as d
from tests.fakes.kubernetes import FakeKubernetes, Fault
from tests.libdeploy.deployer import Deployer, service, told

SICK = [
    (
        Fault("CrashLoopBackOff", "back-off 20s restarting failed container", "no database\n", exit_code=3),
        "is in CrashLoopBackOff, exit code 3: back-off 20s restarting failed container\nIts last words:\nno database",
    ),
    (Fault("ImagePullBackOff", 'Back-off pulling image "x"'), 'is in ImagePullBackOff: Back-off pulling image "x"'),
    (Fault("CreateContainerConfigError", 'secret "db" not found'), 'is in CreateContainerConfigError: secret "db" not found'),
]


@pytest.mark.parametrize(("fault", "words"), SICK)
def test_a_pod_that_will_not_run_ends_the_wait_at_once_with_the_reason(
    fake: FakeKubernetes, deployer: Deployer, fault: Fault, words: str
) -> None:
    fake.controllers.sickens("bad:1", fault)
    failed = deployer.deploys(service(image="bad:1"), within_s=300)
    assert (failed.outcome, failed.code) == ("failed", "unhealthy")
    assert failed.message.startswith("Deployment payments: The pod payments-")
    assert failed.message.endswith(words)
    assert deployer.now < 10


def test_a_rollout_beyond_its_deadline_is_unhealthy(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.controllers.sickens("bad:1", Fault("", is_beyond_deadline=True))
    message = "Deployment payments: it has made no progress for longer than it may (ProgressDeadlineExceeded)."
    assert told(deployer.deploys(service(image="bad:1"))) == ("failed", "unhealthy", message)


def test_one_that_takes_too_long_is_told_with_what_it_lacks(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.controllers.sickens("bad:1", Fault(""))
    outcome, code, message = told(deployer.deploys(service(image="bad:1"), within_s=60))
    assert (outcome, code) == ("failed", "unhealthy")
    # Making it takes time of the 60 seconds too: real time, of which a busy machine takes more.
    assert re.fullmatch(r"Not healthy after (\d|[1-5]\d|60) seconds\. Deployment payments: 0 of 2 replicas are available\.", message)
    assert deployer.now < 62


def test_a_job_that_fails_is_told_with_its_last_words(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.controllers.sickens("bad:1", Fault("Error", log="column exists\n", exit_code=2))
    failed = deployer.deploys(d.kubernetes.job("migrate", image="bad:1"))
    name = fake.names("Job")[0].removeprefix("Job/")
    assert failed.message == (
        f"Job {name}: it has failed. BackoffLimitExceeded: Job has reached the specified backoff limit."
        f" The pod {name}-0 is in Error, exit code 2.\nIts last words:\ncolumn exists\n"
        f"It does not run again by itself: kubectl delete job {name} --namespace team"
    )


def test_a_bad_one_is_taken_back(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.deploys(service())
    fake.controllers.sickens("bad:1", Fault("ImagePullBackOff", "no such image"))
    back = deployer.deploys(service(image="bad:1"), service("more"), previous=deployer.plan(service()))
    assert (back.outcome, back.message.endswith("What ran before runs again.")) == ("taken_back", True)
    assert fake.names("Deployment") == ["Deployment/payments"]
    status = fake.body("Deployment", "payments")["status"]
    assert (status["updatedReplicas"], status["availableReplicas"]) == (2, 2)
    assert deployer.deploys(service()).outcome == "unchanged"


def test_what_was_sick_before_is_no_sign(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.controllers.sickens("bad:1", Fault("ImagePullBackOff", "no such image"))
    assert deployer.deploys(service(image="bad:1")).outcome == "failed"
    assert deployer.deploys(service(image="good:1")).outcome == "applied"


def test_pods_that_are_not_ours_to_read_are_waited_for_all_the_same(fake: FakeKubernetes, deployer: Deployer) -> None:
    fake.denied |= {("list", "pods"), ("list", "replicasets")}
    assert deployer.deploys(service()).outcome == "applied"


def test_what_is_taken_away_while_it_is_waited_for_is_said(fake: FakeKubernetes, deployer: Deployer) -> None:
    deployer.on_pause = lambda: fake.objects.kept.pop(("Deployment", "team", "payments"), None)
    message = "apps/v1/Deployment/team/payments was taken away by somebody."
    assert told(deployer.deploys(service())) == ("failed", "unhealthy", message)


def test_a_bad_stateful_service_is_taken_back_although_its_sick_pod_stands_in_the_way(fake: FakeKubernetes, deployer: Deployer) -> None:
    def queue(image: str) -> d.Component:
        return d.kubernetes.stateful_service("queue", port=5672, replicas=2, image=image)

    deployer.deploys(queue("good:1"))
    fake.controllers.sickens("bad:1", Fault("ImagePullBackOff", "no such image"))
    back = deployer.deploys(queue("bad:1"), previous=deployer.plan(queue("good:1")))
    assert back.outcome == "taken_back"
    assert {pod.body["spec"]["containers"][0]["image"] for pod in fake.objects.all("Pod")} == {"good:1"}
    assert len(fake.asked("DELETE Pod")) == 1

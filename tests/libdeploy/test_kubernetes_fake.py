"""The stand-in of the API server says and keeps what the real one does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.kubernetes import FakeKubernetes

PATH = "/apis/apps/v1/namespaces/team/deployments/web"


@pytest.fixture
def http(fake: FakeKubernetes) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.url, headers={"Authorization": "Bearer kube-token"}, trust_env=False) as client:
        yield client


def applied(http: httpx.Client, manager: str, spec: dict[str, Any], **more: str) -> httpx.Response:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return http.patch(PATH, json=body, headers=headers, params={"fieldManager": manager, **more})


def spec(replicas: int, label: str = "web") -> dict[str, Any]:
    containers = [{"name": "web", "image": "web:1"}]
    template = {"metadata": {"labels": {"app": label}}, "spec": {"containers": containers}}
    return {"replicas": replicas, "selector": {"matchLabels": {"app": label}}, "template": template}


def test_another_managers_field_is_a_conflict_unless_forced(http: httpx.Client) -> None:
    assert applied(http, "one", spec(1)).status_code == 201
    refused = applied(http, "two", spec(2))
    assert refused.status_code == 409
    assert refused.json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "one" using apps/v1: .spec.replicas',
        "reason": "Conflict",
        "details": {
            "causes": [
                {"reason": "FieldManagerConflict", "message": 'conflict with "one" using apps/v1', "field": ".spec.replicas"},
            ],
        },
        "code": 409,
    }
    forced = applied(http, "two", spec(2), force="true").json()
    owners = {each["manager"]: each["fieldsV1"]["f:spec"] for each in forced["metadata"]["managedFields"]}
    assert ("f:replicas" in owners["one"], "f:replicas" in owners["two"]) == (False, True)
    assert owners["one"]["f:template"]["f:spec"]["f:containers"] == {'k:{"name":"web"}': {"f:name": {}, "f:image": {}, ".": {}}}


def test_its_version_grows_only_when_something_changes(http: httpx.Client) -> None:
    first = applied(http, "one", spec(1)).json()["metadata"]
    assert applied(http, "one", spec(1)).json()["metadata"] == first
    assert applied(http, "one", spec(2), dryRun="All").json()["spec"]["replicas"] == 2
    assert http.get(PATH).json()["metadata"] == first
    second = applied(http, "one", spec(2)).json()["metadata"]
    assert (second["generation"], second["uid"]) == (2, first["uid"])
    assert int(second["resourceVersion"]) > int(first["resourceVersion"])


def test_a_selector_cannot_be_changed(http: httpx.Client) -> None:
    applied(http, "one", spec(1))
    refused = applied(http, "one", spec(1, "other")).json()
    assert (refused["code"], refused["reason"], refused["message"]) == (
        422,
        "Invalid",
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: {"matchLabels": {"app": "other"}}: field is immutable',
    )


def test_nobody_and_nothing(fake: FakeKubernetes, http: httpx.Client) -> None:
    assert http.get(PATH).json()["message"] == 'deployments.apps "web" not found'
    assert http.delete(PATH).json()["reason"] == "NotFound"
    assert http.get("/apis/nothing/v1").json()["reason"] == "NotFound"
    assert httpx.get(fake.url + PATH, trust_env=False).json()["reason"] == "Unauthorized"
    assert http.patch(PATH, json={}, params={"fieldManager": "one"}).status_code == 415

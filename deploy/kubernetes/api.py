"""The API server as the runner asks it: a few at once, and what it answers sorted by what can be done about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams

from deploy.kubernetes.settings import KubernetesSettings
from deploy.runner import CannotRun, RunnerUnavailable
from libdeploy.errors import DeployError
from libdeploy.kubernetes.cluster import config_of

Body = dict[str, Any]

JOBS = "/apis/batch/v1/namespaces/{}/jobs"
PODS = "/api/v1/namespaces/{}/pods"
SECRETS = "/api/v1/namespaces/{}/secrets"
_LOG_BYTES = 8 * 1024 * 1024
_WRONG = frozenset({400, 413, 422})


class Api:
    """Answers None for what is not there. Raises RunnerUnavailable for all that may be said again, CannotRun for what is wrong for ever."""

    def __init__(self, settings: KubernetesSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.requests)
        self._client: httpx2.AsyncClient | None = None

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    async def get(self, kind: str, name: str) -> Body | None:
        answer = await self._ask("GET", self._path(kind, name))
        return None if answer.status_code == 404 else _json(answer)

    async def list(self, kind: str, labels: str, fields: str = "") -> list[Body]:
        """All of them, a page at a time."""
        found: list[Body] = []
        params: dict[str, Any] = {"labelSelector": labels, "limit": self._settings.page, **({"fieldSelector": fields} if fields else {})}
        while True:
            answer = await self._ask("GET", self._path(kind), params=params)
            if answer.status_code == 410:  # the list is too old to be gone on with
                found, params = [], {name: value for name, value in params.items() if name != "continue"}
                continue
            body = _json(answer)
            found += body.get("items") or []
            params["continue"] = (body.get("metadata") or {}).get("continue")
            if not params["continue"]:
                return found

    async def create(self, kind: str, body: Body) -> Body | None:
        """None when there is one of that name already."""
        answer = await self._ask("POST", self._path(kind), json=body)
        if answer.status_code == 409:
            return None
        if answer.status_code == 404:
            raise RunnerUnavailable(f"There is no namespace {self._settings.namespace} for runs.")
        return _json(answer)

    async def patch(self, kind: str, name: str, body: Body) -> Body | None:
        """A merge patch. One that something else came before (409) can be said again."""
        headers = {"content-type": "application/merge-patch+json"}
        answer = await self._ask("PATCH", self._path(kind, name), json=body, headers=headers)
        if answer.status_code == 409:
            raise RunnerUnavailable(f"{name} was changed by somebody else at the same moment.")
        return None if answer.status_code == 404 else _json(answer)

    async def delete(self, kind: str, name: str, uid: str) -> None:
        """This one only, not one that came after it; with all that is a Job's own, which goes first."""
        policy = "Foreground" if kind == JOBS else "Background"
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy, "preconditions": {"uid": uid}}
        await self._ask("DELETE", self._path(kind, name), json=options)

    async def log(self, pod: str) -> bytes | None:
        """None when there is none, or none yet."""
        answer = await self._ask("GET", f"{self._path(PODS, pod)}/log", params={"container": "run", "limitBytes": _LOG_BYTES}, may=_WRONG)
        return None if answer.status_code in {404, *_WRONG} else answer.content

    async def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether we have that right in the namespace of runs."""
        name, _, part = resource.partition("/")
        asked = {"namespace": self._settings.namespace, "verb": verb, "group": group, "resource": name, "subresource": part}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
        answer = _json(await self._ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=body))
        return bool((answer.get("status") or {}).get("allowed"))

    async def is_there(self, path: str) -> bool:
        """Of the namespace of runs, or in it. What we may not look at is taken to be there."""
        return (await self._ask("GET", path.format(self._settings.namespace), may=frozenset({403}))).status_code != 404

    def _path(self, kind: str, name: str = "") -> str:
        path = kind.format(self._settings.namespace)
        return f"{path}/{name}" if name else path

    async def _ask(self, method: str, path: str, may: frozenset[int] = frozenset(), **more: Any) -> httpx2.Response:
        """What is not answered is said once more, at once. All can be: names are unique, and what changes something names its uid.

        A start asks six times, and would begin anew for each that is lost.
        """
        try:
            return await self._ask_once(method, path, may, **more)
        except RunnerUnavailable:
            return await self._ask_once(method, path, may, **more)

    async def _ask_once(self, method: str, path: str, may: frozenset[int], **more: Any) -> httpx2.Response:
        async with self._turns:
            try:
                answer = await self._connected().request(method, path, **more)
            except (httpx2.HTTPError, OSError) as error:
                raise RunnerUnavailable(f"The API server of Kubernetes does not answer: {type(error).__name__}.") from error
        if answer.is_success or answer.status_code in {404, 409, 410, *may}:
            return answer
        said = f"{answer.status_code}, {_message(answer)}"
        if answer.status_code in _WRONG and method == "POST":
            raise CannotRun(f"The API server of Kubernetes does not take the run: {said}")
        if answer.status_code in {401, 403}:
            raise RunnerUnavailable(f"The API server of Kubernetes does not let us: {said}")
        raise RunnerUnavailable(f"The API server of Kubernetes cannot just now: {said}")

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            given = self._settings.kubeconfig
            try:
                config = config_of({"KUBECONFIG": str(given)} if given else os.environ)
            except DeployError as error:
                raise RunnerUnavailable(str(error)) from error
            self._client = AsyncClient(config, ConnectionParams(httpx2.Timeout(self._settings.timeout_s), self._settings.trust_env))
        return self._client


def _json(answer: httpx2.Response) -> Body:
    try:
        body: Mapping[str, Any] = answer.json()
        return dict(body)
    except (ValueError, TypeError) as error:
        raise RunnerUnavailable("The API server of Kubernetes answers what is no JSON object.") from error


def _message(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, LookupError, TypeError):
        return answer.reason_phrase or "an answer without words"

"""The API server over HTTP: paths, rights and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.kubernetes.asking import chosen, merged, page
from tests.fakes.kubernetes.controllers import Controllers
from tests.fakes.kubernetes.kinds import BY_KIND, KINDS, Kind
from tests.fakes.kubernetes.objects import Body, Change, Kept, Objects
from tests.fakes.kubernetes.statuses import error, forbidden, no_namespace, not_found, other_uid, status
from tests.fakes.server import Answer, Asked, FakeServer

TOKEN = "kube-token"
_WHO = "system:serviceaccount:team:deployer"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class FakeKubernetes(FakeServer):
    """Operations are a verb and a kind: "PATCH Deployment", "LIST Pod", "GET log".

    `denied` are rights that the token has not, as pairs of verb and plural. With `goes_on` the controllers take a step before each
    answer, for whoever runs in a process of its own.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, goes_on: bool = False) -> None:
        super().__init__()
        self.objects = Objects(clock)
        self.controllers = Controllers(self.objects)
        self.denied: set[tuple[str, str]] = set()
        self.tokens = {TOKEN}
        self.goes_on = goes_on
        self.log_of: Callable[[str], bytes | None] = lambda _: None
        """A kubelet's word, where one runs the pods."""

    def begin_anew(self) -> None:
        """Nothing is there, and nothing is amiss."""
        with self._lock:
            self.objects.kept.clear()
            self.controllers.heals()
        self.end_troubles()

    def end_troubles(self) -> None:
        """No more failures, lost answers and pauses."""
        self._faults.clear()

    def kubeconfig(self, folder: Path, token: str = TOKEN, url: str = "") -> Path:
        """Write one and say where it is."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": url or self.url}}],
            "users": [{"name": "deployer", "user": {"token": token}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "deployer"}}],
        }
        file = folder / "kubeconfig"
        file.write_text(json.dumps(config))
        return file

    def body(self, kind: str, name: str, namespace: str = "team") -> Body:
        """What is kept under that name."""
        return self.objects.one(BY_KIND[kind], namespace, name).body

    def names(self, *kinds: str) -> list[str]:
        """All that is kept as `Kind/name`, without what controllers made unless it is named."""
        made = {"Pod", "ReplicaSet"}
        return sorted(f"{kind}/{name}" for kind, _, name in self.objects.kept if kind in (kinds or ({kind} - made)))

    def edit(self, kind: str, name: str, change: Change, manager: str = "kubectl-edit") -> None:
        """Somebody's `kubectl edit`."""
        with self._lock:
            self.objects.update(self.objects.one(BY_KIND[kind], "team", name), change, manager)

    def creates(self, body: Body, manager: str = "kubectl-create") -> Kept:
        """Somebody's `kubectl create`."""
        with self._lock:
            return self.objects.create(body, manager)

    def step(self, times: int = 1) -> None:
        with self._lock:
            for _ in range(times):
                self.controllers.step()

    def writes(self) -> list[Asked]:
        """The requests that were meant to change something."""
        return [each for each in self.requests if each.method != "GET" and ("dryRun", "All") not in each.query]

    def is_authorized(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    def refuse(self, status_code: int) -> Any:
        messages = {401: "Unauthorized", 404: "the server could not find the requested resource"}
        return status(status_code, messages.get(status_code, "the server is not able to answer now"))

    def routes(self) -> list[Route]:
        return [route for kind in KINDS for route in self._routes(kind)] + [
            Route("/api/v1/namespaces/{name}", self.endpoint("GET Namespace", self._namespace)),
            Route("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", self.endpoint("POST review", self._review), methods=["POST"]),
            Route("/api/v1/namespaces/{namespace}/pods/{name}/log", self.endpoint("GET log", self._log)),
            Route("/api/v1/namespaces/{namespace}/pods/{name}/status", self.endpoint("PATCH status", self._status), methods=["PATCH"]),
            Route("/api/v1/namespaces/{namespace}/pods/{name}/binding", self.endpoint("POST binding", self._bind), methods=["POST"]),
        ]

    def _routes(self, kind: Kind) -> list[Route]:
        every = f"{kind.prefix}/namespaces/{{namespace}}/{kind.plural}"
        one = every + "/{name}"
        doers = (
            ("LIST", "GET", every, self._list),
            ("POST", "POST", every, self._post),
            ("GET", "GET", one, self._get),
            ("PATCH", "PATCH", one, self._patch),
            ("DELETE", "DELETE", one, self._delete),
        )
        return [Route(path, self.endpoint(f"{verb} {kind.kind}", _bound(do, kind)), methods=[method]) for verb, method, path, do in doers]

    def _may(self, request: Request, kind: Kind, verb: str, plural: str = "") -> tuple[str, str]:
        """The namespace and the name, when the token has that right."""
        namespace, name = request.path_params["namespace"], request.path_params.get("name", "")
        if (verb, plural or kind.plural) in self.denied:
            raise forbidden(kind, verb, name, namespace, _WHO)
        if self.goes_on:
            self.controllers.step()
        return namespace, name

    def _namespace(self, request: Request, body: Any) -> Answer:
        name = request.path_params["name"]
        if name not in self.objects.namespaces:
            raise no_namespace(name)
        return 200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}, "status": {"phase": "Active"}}

    def _review(self, request: Request, body: Any) -> Answer:
        asked = body["spec"]["resourceAttributes"]
        plural = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
        return 201, {**body, "status": {"allowed": (asked["verb"], plural) not in self.denied}}

    def _get(self, kind: Kind, request: Request, body: Any) -> Answer:
        namespace, name = self._may(request, kind, "get")
        return 200, self.objects.one(kind, namespace, name).shown()

    def _list(self, kind: Kind, request: Request, body: Any) -> Answer:
        namespace, _ = self._may(request, kind, "list")
        asked = request.query_params
        all_ = self.objects.all(kind.kind, namespace, asked.get("labelSelector", ""))
        found, more = page([each for each in all_ if chosen(each.body, asked.get("fieldSelector", ""))], asked)
        items = [{name: value for name, value in each.shown().items() if name not in {"apiVersion", "kind"}} for each in found]
        metadata = {"resourceVersion": str(self.objects.version), **more}
        return 200, {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}

    def _post(self, kind: Kind, request: Request, body: Any) -> Answer:
        namespace, _ = self._may(request, kind, "create")
        return 201, self.objects.post(kind, namespace, body, request.query_params.get("fieldManager", "unknown")).shown()

    def _merge(self, kind: Kind, namespace: str, name: str, body: Body) -> Answer:
        kept = self.objects.one(kind, namespace, name)
        _check_uid(kind, kept, (body.get("metadata") or {}).get("uid"))
        self.objects.update(kept, lambda there: there.update(merged(there, body)), "unknown")
        return 200, kept.shown()

    def _status(self, request: Request, body: Any) -> Answer:
        namespace, name = self._may(request, BY_KIND["Pod"], "patch", "pods/status")
        return self._merge(BY_KIND["Pod"], namespace, name, {"status": body["status"]})

    def _bind(self, request: Request, body: Any) -> Answer:
        namespace, name = self._may(request, BY_KIND["Pod"], "create", "pods/binding")
        kept = self.objects.one(BY_KIND["Pod"], namespace, name)
        if kept.body["spec"].get("nodeName"):
            raise error(409, f'Operation cannot be fulfilled on pods/binding "{name}": pod {name} is already assigned to node')
        self.objects.update(kept, lambda there: there["spec"].update(nodeName=body["target"]["name"]), "kube-scheduler")
        return 201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}

    def _patch(self, kind: Kind, request: Request, body: Any) -> Answer:
        namespace, name = self._may(request, kind, "patch")
        if request.headers.get("content-type", "") == _MERGE:
            return self._merge(kind, namespace, name, body)
        if request.headers.get("content-type", "") != _APPLY:
            raise error(415, f"the body of the request was in an unknown format - accepted media types include: {_APPLY}")
        manager = request.query_params.get("fieldManager", "")
        if not manager:
            raise error(422, "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch")
        if self.objects.find(kind.kind, name, namespace) is None:
            self._may(request, kind, "create")
        is_dry, is_forced = request.query_params.get("dryRun") == "All", request.query_params.get("force") == "true"
        code, kept = self.objects.apply(kind, namespace, name, body, manager, is_forced=is_forced, is_dry=is_dry)
        return code, kept.shown()

    def _delete(self, kind: Kind, request: Request, body: Any) -> Answer:
        namespace, name = self._may(request, kind, "delete")
        kept = self.objects.one(kind, namespace, name)
        options = body or {}
        _check_uid(kind, kept, (options.get("preconditions") or {}).get("uid"))
        if options.get("propagationPolicy") == "Foreground":
            self.objects.leave(kept, 0, "foregroundDeletion")
            return 200, kept.shown()
        if options.get("gracePeriodSeconds") == 0:
            self.objects.delete(kept)
        else:
            self.controllers.remove(kept)
        details = {"name": name, "kind": kind.plural, "uid": kept.body["metadata"]["uid"]}
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}

    def _log(self, request: Request, body: Any) -> Response:
        namespace, name = self._may(request, BY_KIND["Pod"], "get", "pods/log")
        if self.objects.find("Pod", name, namespace) is None:
            raise not_found(BY_KIND["Pod"], name)
        said = self.log_of(name)
        if said is not None:
            return Response(said[: int(request.query_params.get("limitBytes") or len(said))], media_type="text/plain")
        lines = self.controllers.logs.get(name, "").splitlines(keepends=True)
        last = int(request.query_params.get("tailLines") or len(lines))
        return PlainTextResponse("".join(lines[-last:] if last else []))


def _check_uid(kind: Kind, kept: Kept, uid: str | None) -> None:
    there = kept.body["metadata"]["uid"]
    if uid not in {None, there}:
        raise other_uid(kind, kept.name, str(uid), there)


def _bound(do: Callable[[Kind, Request, Any], Answer], kind: Kind) -> Callable[[Request, Any], Answer]:
    return lambda request, body: do(kind, request, body)

"""The API server of one namespace: asked again when it has no time, and its refusals said so that a person can act on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import yaml
from lightkube import Client, ConfigError, KubeConfig, SingleConfig
from lightkube.types import CascadeType, PatchType
from msgspec import DecodeError, ValidationError

from libdeploy.errors import DeployError
from libdeploy.kubernetes.kinds import resource_of

MANAGER = "libdeploy"
_TRIES = 6
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 30.0
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_UNDECLARED = "field not declared in schema"
_BROKEN = (AttributeError, LookupError, TypeError, ValueError)
"""What lightkube trips over in a file or an answer of another shape."""
_FIXED = ("field is immutable", "updates to statefulset spec")

T = TypeVar("T")
Body = dict[str, Any]


@dataclass(frozen=True)
class Asking:
    """What is asked for, as it is said when it is refused."""

    verb: str
    kind: str
    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}{f' {self.name}' if self.name else ''} in the namespace {self.namespace}"


class RefusedError(Exception):
    """An answer that is an error. `about` is the kind of thing it speaks of, as the API server names it."""

    def __init__(self, code: int, message: str, about: str) -> None:
        super().__init__(message)
        self.code = code
        self.about = about


def config_of(environment: Mapping[str, str]) -> SingleConfig:
    """By KUBECONFIG where it is set, else from inside the cluster or ~/.kube/config. Raises DeployError `bad_kubeconfig`."""
    given = environment.get("KUBECONFIG")
    with _readable(given):
        config = (KubeConfig.from_file(given) if given else KubeConfig.from_env()).get()
        if config is None:
            raise ConfigError("no current context is set")
        return config


def client_of(environment: Mapping[str, str]) -> Client:
    """Raises DeployError `bad_kubeconfig`."""
    config = config_of(environment)
    with _readable(environment.get("KUBECONFIG")):
        return Client(config)


@contextmanager
def _readable(given: str | None) -> Iterator[None]:
    try:
        yield
    except (ConfigError, OSError, *_BROKEN, AssertionError, ValidationError, yaml.YAMLError) as error:
        where = given or "inside a cluster or in ~/.kube/config"
        raise DeployError(
            f"How to reach Kubernetes cannot be read ({where}): {str(error) or type(error).__name__}. Set KUBECONFIG.", "bad_kubeconfig"
        ) from error


class Cluster:
    """`pause` waits for so many seconds."""

    def __init__(self, client: Client, namespace: str, pause: Callable[[float], object] = time.sleep) -> None:
        self._client = client
        self._pause = pause
        self.namespace = namespace

    def get(self, api_version: str, kind: str, name: str) -> Body | None:
        """None when it is not there."""
        resource = resource_of(api_version, kind)
        return self._found("get", kind, name, lambda: dict(self._client.get(resource, name, namespace=self.namespace)))

    def list(self, api_version: str, kind: str, labels: Mapping[str, str]) -> list[Body]:
        """All that bear the labels; none when the API server has no such kind."""
        resource = resource_of(api_version, kind)
        found = self._found(
            "list", kind, "", lambda: [dict(each) for each in self._client.list(resource, namespace=self.namespace, labels=dict(labels))]
        )
        return [{**each, "apiVersion": api_version, "kind": kind} for each in found or ()]

    def apply(self, body: Mapping[str, Any], *, is_dry: bool = False) -> Body:
        """Server-side apply, in which we own all that we say. Raises DeployError."""
        resource, name = resource_of(body["apiVersion"], body["kind"]), body["metadata"]["name"]
        asking = Asking("apply", body["kind"], name, self.namespace)
        try:
            return self._ask(
                asking,
                lambda: dict(
                    self._client.patch(
                        resource,
                        name,
                        dict(body),
                        namespace=self.namespace,
                        patch_type=PatchType.APPLY,
                        field_manager=MANAGER,
                        force=True,
                        dry_run=is_dry,
                    )
                ),
            )
        except RefusedError as error:
            raise _told(asking, error) from error

    def delete(self, api_version: str, kind: str, name: str) -> None:
        """Its own follow in the background; already gone is as well."""
        resource = resource_of(api_version, kind)
        self._found(
            "delete", kind, name, lambda: self._client.delete(resource, name, namespace=self.namespace, cascade=CascadeType.BACKGROUND)
        )

    def last_words(self, pod: str, container: str, lines: int) -> str:
        """The end of what it wrote; "" when there is none, or it is not ours to read."""
        asking = Asking("read the log of", "Pod", pod, self.namespace)
        try:
            log = self._ask(
                asking,
                lambda: list(self._client.log(pod, namespace=self.namespace, container=container, tail_lines=lines, newlines=False)),
            )
        except (RefusedError, DeployError):
            return ""
        return "\n".join(log)

    def _found(self, verb: str, kind: str, name: str, act: Callable[[], T]) -> T | None:
        asking = Asking(verb, kind, name, self.namespace)
        try:
            return self._ask(asking, act)
        except RefusedError as error:
            if error.code == 404:
                return None
            raise _told(asking, error) from error

    def _ask(self, asking: Asking, act: Callable[[], T]) -> T:
        """Each act may be done twice. Raises DeployError `unreachable`, or RefusedError."""
        for number in range(_TRIES):
            try:
                return act()
            except httpx2.TransportError as error:
                said, after_s = str(error) or type(error).__name__, ""
            except (httpx2.HTTPStatusError, *_BROKEN, DecodeError) as error:
                answer = _answer(error)
                refused = _refused(answer)
                if refused.code not in _AGAIN or _UNDECLARED in str(refused):
                    raise refused from error
                said, after_s = f"{refused.code}, {refused}", answer.headers.get("retry-after", "")
            if number + 1 < _TRIES:
                self._pause(_pause_s(number, after_s))
        raise DeployError(f"To {asking} was tried {_TRIES} times, and the API server has not done it: {said}", "unreachable")


def _answer(error: BaseException) -> httpx2.Response:
    """The answer behind an error: lightkube trips over one that is no JSON."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, httpx2.HTTPStatusError):
            return at.response
        at = at.__context__
    raise error


def _refused(answer: httpx2.Response) -> RefusedError:
    try:
        said = answer.json()
        return RefusedError(answer.status_code, str(said["message"] or said["reason"]), str((said.get("details") or {}).get("kind", "")))
    except _BROKEN:
        return RefusedError(answer.status_code, answer.reason_phrase or "an answer without words", "")


def _pause_s(number: int, after_s: str) -> float:
    asked = float(after_s) if after_s.isdecimal() else _FIRST_PAUSE_S * 2**number
    return min(asked, _LONGEST_PAUSE_S)


def _told(asking: Asking, error: RefusedError) -> DeployError:
    what = f"{asking.kind} {asking.name}".strip()
    if error.code == 401:
        return DeployError("The API server does not take our credentials (401): look at the token in KUBECONFIG.", "not_allowed")
    if error.code == 403:
        return DeployError(f"The API server does not let us {asking}: {error}", "not_allowed")
    if error.code == 404 and error.about == "namespaces":
        return DeployError(
            f"There is no namespace {asking.namespace}. Make it first: kubectl create namespace {asking.namespace}", "no_namespace"
        )
    if error.code == 404:
        return DeployError(f"The API server knows no {asking.kind} in a namespace: {error}", "unknown_kind")
    if error.code == 422 and any(each in str(error) for each in _FIXED):
        return DeployError(
            f"{error}\nThis cannot be changed in what is there. Give it another name, or delete it first:"
            f" kubectl delete {asking.kind.lower()} {asking.name} --namespace {asking.namespace}",
            "immutable",
        )
    return DeployError(f"The API server does not take {what}: {error}", "invalid")

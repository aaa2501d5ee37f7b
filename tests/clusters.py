"""A real API server of Kubernetes with its controllers and etcd, as processes of this host, for the tests of one session.

`TRELLIS_TEST_KUBERNETES` is the folder of the three programs (tools/kubernetes.sh makes it); `TRELLIS_TEST_KUBECONFIG` is used instead.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from lightkube.config.client_adapter import Client, ConnectionParams

from libdeploy.kubernetes.cluster import config_of
from processes import free_port
from tests.fakes.kubernetes.kubelet import NODE, Kubelet
from tests.servers import die_with_parent

BINARIES = os.environ.get("TRELLIS_TEST_KUBERNETES", "")
KUBECONFIG = os.environ.get("TRELLIS_TEST_KUBECONFIG", "")
_TOKEN = "test-token"
_READY_WITHIN_S = 120.0
_KUBELET_S = 30
_CONTROLLERS = "deployment,replicaset,statefulset,daemonset,job,cronjob,garbagecollector,namespace,serviceaccount,endpoint,disruption"


@dataclass
class Cluster:
    """`kubelet_port` 0: it is the user's own, with nodes of its own."""

    kubeconfig: Path
    kubelet_port: int = 0
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: dict[str, Callable[[str], bytes | None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def client(self) -> httpx2.Client:
        return Client(config_of({"KUBECONFIG": str(self.kubeconfig)}), ConnectionParams(httpx2.Timeout(30), trust_env=False))

    @contextlib.contextmanager
    def namespace(self) -> Iterator[str]:
        """One of its own, which goes in the background."""
        self.check()
        name = f"test-{next(self._numbers)}-{os.getpid()}"
        with self.client() as client:
            client.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
            try:
                yield name
            finally:
                client.delete(f"/api/v1/namespaces/{name}")

    @contextlib.contextmanager
    def kubelet(self, namespace: str, folder: Path) -> Iterator[Kubelet | None]:
        if not self.kubelet_port:
            yield None
            return
        with self.client() as client, Kubelet(client, namespace, folder) as kubelet:
            self._logs[namespace] = kubelet.log
            yield kubelet
            del self._logs[namespace]
        assert kubelet.problems == [], kubelet.problems

    def check(self) -> None:
        """Fails, with its last words, when one of its programs has ended: whoever waits for what it does would wait for ever."""
        for name, child in self.programs.items():
            if child.poll() is not None:
                pytest.fail(f"{name} ended with {child.returncode}:\n{_end_of(self, name)}", pytrace=False)

    def log(self, namespace: str, pod: str) -> bytes | None:
        return self._logs[namespace](pod) if namespace in self._logs else None


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real API server for all tests of a session, where there is one."""
    if KUBECONFIG:
        yield Cluster(Path(KUBECONFIG))
    elif BINARIES:
        with a_cluster(tmp_path_factory.mktemp("cluster")) as one:
            yield one
    else:
        pytest.skip("there is no real API server here (make test-kubernetes)")


@contextlib.contextmanager
def a_cluster(folder: Path) -> Iterator[Cluster]:
    """Started, ready, and ended with all that is its own."""
    etcd, peer, port, kubelet_port = (free_port() for _ in range(4))
    cluster = Cluster(folder / "kubeconfig", kubelet_port)
    url = f"https://127.0.0.1:{port}"
    certificates = folder / "certificates"
    certificates.mkdir()
    (folder / "tokens").write_text(f"{_TOKEN},tester,tester,system:masters\n")
    key = folder / "service-accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(certificates / "apiserver.crt")}}],
        "users": [{"name": "tester", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "tester"}}],
    }
    cluster.kubeconfig.write_text(json.dumps(config))
    with contextlib.ExitStack() as stack:
        at = f"http://127.0.0.1:{etcd}"
        stack.enter_context(
            _program(
                cluster,
                "etcd",
                [
                    f"--data-dir={folder / 'etcd'}",
                    f"--listen-client-urls={at}",
                    f"--advertise-client-urls={at}",
                    f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    "--unsafe-no-fsync",
                ],
            )
        )
        stack.enter_context(
            _program(
                cluster,
                "kube-apiserver",
                [
                    f"--etcd-servers={at}",
                    f"--cert-dir={certificates}",
                    f"--token-auth-file={folder / 'tokens'}",
                    "--authorization-mode=RBAC",
                    "--disable-admission-plugins=ServiceAccount",
                    "--bind-address=127.0.0.1",
                    f"--secure-port={port}",
                    "--insecure-port=0",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    f"--service-account-signing-key-file={key}",
                    f"--service-account-key-file={key}",
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--kubelet-preferred-address-types=InternalIP",
                ],
            )
        )
        _until_ready(cluster)
        stack.enter_context(
            _program(
                cluster,
                "kube-controller-manager",
                [
                    f"--kubeconfig={cluster.kubeconfig}",
                    f"--controllers={_CONTROLLERS}",
                    "--leader-elect=false",
                    "--port=0",
                    "--secure-port=0",
                    "--use-service-account-credentials=false",
                ],
            )
        )
        _until_it_controls(cluster)
        stack.enter_context(_answering(cluster, certificates))
        _register(cluster)
        yield cluster


@contextlib.contextmanager
def _program(cluster: Cluster, name: str, options: list[str]) -> Iterator[None]:
    folder = cluster.kubeconfig.parent
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [str(Path(BINARIES) / name), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one call, no Python state
        )
    cluster.programs[name] = child
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _until_ready(cluster: Cluster) -> None:
    _until(cluster, lambda client: client.get("/readyz").status_code == 200)


def _until_it_controls(cluster: Cluster) -> None:
    """Its controllers are at work: one of them gives each namespace an account."""
    _until(cluster, lambda client: client.get("/api/v1/namespaces/default/serviceaccounts/default").status_code == 200)


def _until(cluster: Cluster, is_so: Callable[[httpx2.Client], bool]) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while True:
        cluster.check()
        with contextlib.suppress(httpx2.HTTPError, OSError), cluster.client() as client:
            if is_so(client):
                return
        assert time.monotonic() < until, {name: _end_of(cluster, name) for name in cluster.programs}
        time.sleep(0.2)


def _end_of(cluster: Cluster, name: str) -> str:
    return (cluster.kubeconfig.parent / f"{name}.log").read_text(errors="replace")[-3000:]


def _register(cluster: Cluster) -> None:
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": cluster.kubelet_port}},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    with cluster.client() as client:
        client.post("/api/v1/nodes", json={"metadata": {"name": NODE}, "status": status}).raise_for_status()


@contextlib.contextmanager
def _answering(cluster: Cluster, certificates: Path) -> Iterator[None]:
    """What the API server asks of kubelets: logs, over TLS with whatever certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked: dict[str, Any] = {name: values[0] for name, values in parse_qs(parts.query).items()}
            said = cluster.log(*parts.path.split("/")[2:4])
            body = (said or b"no such pod")[: int(asked.get("limitBytes", 10**9))]
            self.send_response(404 if said is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            """In the thread of its connection: one that says nothing holds up no other, nor the end."""
            request.settimeout(_KUBELET_S)
            with contextlib.suppress(OSError), context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    server = Server(("127.0.0.1", cluster.kubelet_port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

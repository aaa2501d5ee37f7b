"""Who renders waits for nothing that rendering does not need: which modules are imported is held here, how long it takes by the bench."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RENDER = """
import sys
import libdeploy as d
from libdeploy.render import render
from libdeploy import Artifact, ArtifactKind, Environment, Target
target = Target("payments", Environment("staging"), Artifact(ArtifactKind("{kind}"), "ab" * 32, "registry.example/payments", "abcdef1"))
render(lambda _: [{component}], target)
print(*sorted(sys.modules))
{more}
"""
CLIENTS = {"httpx", "httpx2", "asyncio", "yaml", "ssl", "lightkube.core.client", "libdeploy.kubernetes.driver", "libdeploy.host.driver"}
CLIENTS |= {"libdeploy.terraform.driver", "subprocess", "http.client", "tarfile"}


def imported(component: str, kind: str, more: str = "") -> set[str]:
    argv = [sys.executable, "-c", RENDER.format(component=component, kind=kind, more=more)]
    ran = subprocess.run(argv, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("component", "kind"),
    [
        ("d.kubernetes.stateless_service('payments', port=8080)", "image"),
        ("d.host.binary('payments')", "binary"),
        ("d.terraform.module('queue')", "terraform"),
    ],
)
def test_rendering_imports_no_client_and_no_driver(component: str, kind: str) -> None:
    assert imported(component, kind) & CLIENTS == set()


def test_one_kind_does_not_wait_for_the_others() -> None:
    there = imported("d.host.binary('payments')", "binary")
    assert not [name for name in there if name.startswith(("lightkube", "libdeploy.kubernetes", "libdeploy.terraform"))]


def test_the_client_is_there_when_it_is_asked_for() -> None:
    more = "import lightkube\nfrom lightkube import Client, KubeConfig\nassert lightkube.Client is Client\nprint(lightkube.__path__)\n"
    more += "try:\n    lightkube.nothing\nexcept AttributeError as error:\n    print('nothing' in str(error) and 'said')"
    assert "said" in imported("d.kubernetes.stateless_service('payments')", "image", more)

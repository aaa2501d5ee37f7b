"""A stand-in of the API server, and who deploys to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.kubernetes import FakeKubernetes
from tests.libdeploy.deployer import Deployer


@pytest.fixture
def fake() -> Iterator[FakeKubernetes]:
    with FakeKubernetes() as one:
        yield one


@pytest.fixture
def deployer(fake: FakeKubernetes, tmp_path: Path) -> Iterator[Deployer]:
    one = Deployer(fake, tmp_path)
    yield one
    one.client.close()

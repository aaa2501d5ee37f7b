"""Waiting for programs that say nothing of their health: until they have run for a second, and no longer than that takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from libdeploy import DeployError, Item
from libdeploy.host.driver import HostDriver
from libdeploy.host.process import PlainProcess
from libdeploy.host.systemd import Systemd


@dataclass
class House:
    """One program, in hours that go by only while it is waited for. `ran_s` is what is known of it, `ends_at` when it ends."""

    ran_s_before: float | None
    ends_at: float = float("inf")
    now: float = 0.0

    def start(self, folder: Path, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        raise AssertionError(folder)

    def stop(self, folder: Path, within_s: float) -> None:
        raise AssertionError(folder)

    def ran_s(self, folder: Path) -> float | None:
        return None if self.now >= self.ends_at else 0.0 if self.ran_s_before is None else self.ran_s_before + self.now

    def last_words(self, folder: Path, most: int) -> str:
        return "goodbye"

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def waits(self, *names: str, within_s: float = 60) -> float:
        driver = HostDriver(Path("/nowhere"), "payments", "staging", manager=self, clock=lambda: self.now, pause=self.pause)
        driver.wait([Item("host", name, {"port": None, "health": ""}) for name in names], within_s)
        return round(self.now, 1)


def test_what_has_run_for_long_is_not_waited_for() -> None:
    assert House(ran_s_before=3600).waits("one", "two") == 0


def test_what_was_begun_just_now_is_waited_for_until_it_has_run_for_a_second() -> None:
    assert House(ran_s_before=0.2).waits("one", "two", "three") == 0.8
    with pytest.raises(DeployError, match=r"one has ended\. Its last words:\ngoodbye"):
        House(ran_s_before=0.2, ends_at=0.5).waits("one")
    with pytest.raises(DeployError, match="one has just begun"):
        House(ran_s_before=0.2).waits("one", within_s=0.5)


@pytest.mark.parametrize("known_s", [None, -3600.0])
def test_nobody_waits_longer_where_it_is_not_known_since_when_it_runs(known_s: float | None) -> None:
    assert House(ran_s_before=known_s).waits("one") == pytest.approx(1, abs=0.06)


def test_a_plain_process_has_run_since_it_was_started(tmp_path: Path) -> None:
    process = PlainProcess(tmp_path)
    assert process.ran_s() is None
    process.start([sys.executable, "-c", "import time; time.sleep(600)"], {}, tmp_path)
    try:
        began_at = (tmp_path / "process.json").stat().st_mtime
        os.utime(tmp_path / "process.json", (began_at - 3600, began_at - 3600))
        assert (process.ran_s() or 0) >= 3600
    finally:
        process.stop(0)
    assert process.ran_s() is None


@pytest.mark.parametrize(("said", "is_known"), [("1000", True), ("0", False), ("", False), ("Failed to connect", False)])
def test_a_unit_has_run_since_systemd_calls_it_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, *, is_known: bool
) -> None:
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\necho {said}\n")
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "libdeploy.staging.payments.web.service").touch()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert bool(Systemd(tmp_path).ran_s(Path("/srv/staging/payments/web"))) is is_known
    assert Systemd(tmp_path).ran_s(Path("/srv/staging/payments/other")) is None

"""Rolling restarts lose nothing: every command is answered once, and what is being made is made once, however often its worker goes."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from processes import free_port
from tests.chaos.crew import until
from tests.chaos.judged import judged_as
from tests.chaos.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.forge import Delivery

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("leaves_no_child")]

ROUNDS = 3


class TwoWebs(Site):
    """With a second web part; deliveries go to one and the other, and to the other when the one is away."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=2, lease_s=30.0)  # longer than the test: what is let go of is let go of in good order
        self._ports = {"web": self.port, "web-2": free_port()}
        self._turn = cycle(self._ports.values())

    @property
    def parts(self) -> list[str]:
        return [*super().parts, "web-2"]

    def start(self, **env: dict[str, str]) -> None:
        super().start(**env)
        self.crew.keep("web-2", ["trellis", "serve"], TRELLIS_PORT=str(self._ports["web-2"]))
        until(lambda: self.is_up("web-2"), 20, self.last_words)

    def is_up(self, name: str) -> bool:
        return name not in self._ports or self.ask("/healthz", port=self._ports[name])[0] == 200

    def listens(self, name: str) -> bool:
        """Whether it has come as far as to catch SIGTERM: before that nothing can end in good order, and nothing was begun."""
        pid = self.crew.pid(name)
        try:
            status = Path(f"/proc/{pid}/status").read_text() if pid else ""
        except OSError:
            return False
        caught = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:")), 0)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def _post(self, delivery: Delivery) -> int | None:
        before, self.port = self.port, next(self._turn)
        try:
            return super()._post(delivery)
        finally:
            self.port = before

    def roll(self, name: str) -> None:
        """Asked to stop, waited for, started: returns when its next life answers."""
        until(lambda: self.listens(name), 60, lambda: f"{name} does not listen to SIGTERM\n{self.last_words()}")
        life = self.crew.lives[name]
        self.crew.signal(name, signal.SIGTERM)
        until(lambda: self.crew.lives[name] > life and self.is_up(name), 60, lambda: f"{name} does not come back\n{self.last_words()}")


@contextmanager
def rolling(site: TwoWebs, *names: str) -> Iterator[list[str]]:
    """One after the other, again and again, as long as the block runs; what was rolled so far."""
    is_over, rolled, troubles = threading.Event(), list[str](), list[BaseException]()

    def roll_for_ever() -> None:
        try:
            for name in cycle(names):
                if is_over.is_set():
                    return
                site.roll(name)
                rolled.append(name)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            troubles.append(error)

    thread = threading.Thread(target=roll_for_ever, daemon=True)
    thread.start()
    try:
        yield rolled
    finally:
        is_over.set()
        thread.join(90)
    for error in troubles:
        raise error


def is_ready(site: Site, branch: str) -> bool:
    row = site.environment(branch)
    return row is not None and row["state"] == "ready"


def budget_used(site: Site) -> list[str]:
    """Tries that were counted against an environment."""
    return [row["kind"] for row in site.rows("SELECT kind FROM events WHERE kind IN ('trouble', 'failed')")]


def test_a_stream_of_commands_goes_through_a_rolling_restart(tmp_path: Path) -> None:
    with judged_as(TwoWebs, tmp_path) as site:
        site.start()
        with rolling(site, "web", "worker-1", "web-2", "worker-2") as rolled:
            number = 0
            while len(rolled) < 4 * ROUNDS:
                number += 1
                branch = f"b{number}"
                site.branch(branch)
                site.says(branch, "/ivy create")
                site.pushes(branch, f"{branch} 2")
                if number > 3:
                    site.says(f"b{number - 3}", "/ivy terminate")
                until(partial(is_ready, site, branch), 60, site.last_words)
        site.settle(60)
        site.look()
        assert {state for _, state in site.states()} <= {"done", "cancelled"}
        assert len(site.states()) == number + max(0, number - 3)
        assert budget_used(site) == []
        live = {row["ref"]: row for row in site.rows("SELECT * FROM environments WHERE state != 'gone'")}
        assert live.keys() == {f"refs/heads/b{each}" for each in range(max(1, number - 2), number + 1)}
        assert all(row["state"] == "ready" and row["running_sha"] == site.repository.heads[ref[11:]] for ref, row in live.items())


def test_workers_that_go_twenty_times_in_one_create_make_one_environment(tmp_path: Path) -> None:
    with judged_as(TwoWebs, tmp_path) as site:
        site.start()
        site.branch("slow", build="while ! test -e $HOME/go; do sleep 0.1; done; touch built; echo built $(cat words) >> $HOME/effects")
        site.says("slow", "/ivy create")
        site.until_state("slow", "configuring")
        for number in range(20):
            site.roll(f"worker-{number % 2 + 1}")
        row = site.environment("slow")
        assert row is not None
        (site.data / "environments" / row["id"] / "home" / "go").touch()
        site.settle(60)
        site.look()
        assert site.states() == [("ivy create", "done")]
        assert budget_used(site) == []
        assert [row["generation"] for row in site.rows("SELECT generation FROM environments")] == [1]
        assert site.effects("slow") == ["built slow 1", "started slow 1"]

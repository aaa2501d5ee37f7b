"""What can be seen of a product that runs: its rows, its addresses, its keeper's environments, processes and files."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec

from processes import bearers
from provisioner.engine import EngineUnavailable
from provisioner.local import LocalEngine
from provisioner.settings import KeeperSettings
from tests.chaos.crew import until

_UNSETTLED = """
    SELECT 'message ' || id AS what FROM messages WHERE state = 'new'
    UNION ALL SELECT words || ' ' || goal FROM commands WHERE state = 'running'
    UNION ALL SELECT kind || ' ' || id FROM outbox WHERE state = 'waiting'
    UNION ALL SELECT 'card ' || id FROM cards WHERE due_at IS NOT NULL AND NOT is_dead
    UNION ALL SELECT slug || ' ' || generation || ' is ' || state FROM environments WHERE state != 'gone' AND NOT (
        is_wanted AND (is_paused AND state = 'paused' OR NOT is_paused AND state IN ('ready', 'failed')
            AND settled_generation >= generation AND restarted_count >= restart_count)
    )
"""
_JSON = {"body", "thread", "person", "owner", "data", "addresses", "failure"}


class Sight:
    def __init__(self, folder: Path, port: int, proxy_port: int) -> None:
        self.folder, self.data = folder, folder / "data"
        self.port, self.proxy_port = port, proxy_port
        self.keeper = KeeperSettings(self.data, proxy_port=proxy_port)
        self._own = threading.local()

    # -- over the network ------------------------------------------------------------------------------

    def ask(self, path: str, *, host: str = "", port: int = 0) -> tuple[int, str]:
        """GET; status 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=3)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def answer(self, slug: str) -> tuple[int, str]:
        """What an environment's address says."""
        return self.ask("/", host=f"{slug}.localhost:{self.proxy_port}", port=self.proxy_port)

    # -- in the database -------------------------------------------------------------------------------

    @property
    def _database(self) -> sqlite3.Connection:
        """To read from; one for each thread."""
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(f"file:{self.data / 'trellis.db'}?mode=ro", uri=True, timeout=10)
            self._own.connection.row_factory = sqlite3.Row
        connection: sqlite3.Connection = self._own.connection
        return connection

    def rows(self, query: str, *given: object) -> list[dict[str, Any]]:
        found = [dict(row) for row in self._database.execute(query, given)]
        for row in found:
            row.update({name: json.loads(row[name]) for name in _JSON & row.keys() if isinstance(row[name], str)})
        return found

    def version(self) -> int:
        """Another number whenever somebody has committed."""
        return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def can_be_written(self) -> bool:
        """Whether nobody holds SQLite's one lock for writing, as a process does that was stopped in a transaction."""
        connection = sqlite3.connect(self.data / "trellis.db", timeout=1.0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        finally:
            connection.close()
        return True

    def environment(self, branch: str) -> dict[str, Any] | None:
        """The newest of a branch."""
        found = self.rows("SELECT * FROM environments WHERE ref = ? ORDER BY created_at DESC", f"refs/heads/{branch}")
        return found[0] if found else None

    def states(self) -> list[tuple[str, str]]:
        """What was asked for and what became of it, in order."""
        return [(row["words"], row["state"]) for row in self.rows("SELECT words, state FROM commands ORDER BY message_id, position")]

    def unsettled(self) -> list[str]:
        """What is still to be done."""
        return [row["what"] for row in self.rows(_UNSETTLED)]

    def settle(self, within_s: float = 180.0) -> None:
        until(lambda: not self.unsettled(), within_s, lambda: f"not settled: {self.unsettled()}\n{self.last_words()}")

    def until_state(self, branch: str, *states: str) -> None:
        until(lambda: (self.environment(branch) or {}).get("state") in states, 20, lambda: f"{branch} is not {states}\n{self.last_words()}")

    # -- on this machine -------------------------------------------------------------------------------

    def observed(self) -> dict[str, dict[str, Any]]:
        """What the keeper sees: environment's id → generation, sha and services. Waits for one that is just being started again."""
        found: dict[str, dict[str, Any]] = {}

        async def ask() -> bool:
            async with LocalEngine(self.keeper.socket_path) as engine:
                with contextlib.suppress(EngineUnavailable):
                    found.update({each.environment: msgspec.to_builtins(each) for each in await engine.observe()})
                    return True
            return False

        until(lambda: asyncio.run(ask()), 20, lambda: f"the keeper does not answer\n{self.last_words()}")
        return found

    def processes(self) -> list[str]:
        """Programs that bear the keeper's mark, without the proxy."""
        found = []
        for pid in bearers(self.keeper.mark):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if not words[0].endswith(b"caddy"):
                found.append(b" ".join(words).decode(errors="replace")[:120].strip())
        return found

    def effects(self, branch: str) -> list[str]:
        """What was built and started for a branch's environment, each time it was."""
        row = self.environment(branch)
        return (self.data / "environments" / str(row and row["id"]) / "home" / "effects").read_text().splitlines()

    def last_words(self, lines: int = 12) -> str:
        """The ends of the parts' logs."""
        found = []
        for log in sorted(self.folder.glob("*.log")):
            text = log.read_text(errors="replace").splitlines()[-lines:]
            found += [f"--- {log.name}", *text]
        return "\n".join(found)

"""One line of JSON for each task, which Trellis reads: `TRELLIS {"task": …, "outcome": …}`."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: stdout
short_description: one line of JSON for each task
description: What Trellis reads of a machine's set-up.
"""
_MOST = 500


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "told"

    def _tell(self, result: Any, outcome: str) -> None:
        said = {"task": result.task.name or result.task.get_name(), "outcome": outcome}
        if outcome == "failed":
            said["why"] = " ".join(str(result.result.get(key, "")) for key in ("msg", "stderr") if result.result.get(key))[-_MOST:]
        self._display.display("TRELLIS " + json.dumps(said))

        self._write_down()

    def _write_down(self) -> None:
        """One line for each task that is done, for who looks while we run."""
        if path := os.environ.get("TRELLIS_TOLD"):
            with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - Ansible's own style
                file.write("done\n")

    def v2_runner_on_skipped(self, result: Any) -> None:
        del result
        self._write_down()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tell(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002 - Ansible's signature
        self._tell(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._tell(result, "failed")

"""The command that fills a machine with a dataset: a unit of its own there, which ends by its own time and can be stopped."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping

from provisioner.engine import Dataset
from provisioner.setup.ending import end_of

LOG = "seed"
_UNIT = "trellis-seed"
TOO_LONG = 124
STOP = f"systemctl stop {_UNIT} 2>/dev/null || true"
_LINES = 40
# What a branch said is only ever a file's content. `seeded` holds the number of the last one that was loaded.
_SCRIPT = """set -u
umask 077
home=${TRELLIS_ROOT:-}/opt/trellis
mkdir -p "$home"
if [ "$(cat "$home/seeded" 2>/dev/null)" = "NUMBER" ]; then exit 0; fi
printf %s 'GIVEN' | base64 -d > "$home/seed.sh"
systemctl stop UNIT 2>/dev/null
systemd-run --unit=UNIT --wait --collect --quiet --working-directory="${TRELLIS_ROOT:-}/srv/trellis/now" \
  timeout WITHIN /bin/sh "$home/seed.sh" >/dev/null 2>&1
code=$?
if [ "$code" = 0 ]; then printf %s NUMBER > "$home/seeded"; exit 0; fi
SAID
exit "$code"
"""


def logs(lines: int) -> str:
    return f"journalctl --output cat --lines {int(lines)} _SYSTEMD_UNIT={_UNIT}.service"


def command(dataset: Dataset, number: int, variables: Mapping[str, str]) -> str:
    """For one dataset: what it wrote last is said when it does not end well, and its code is the command's."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    given = base64.b64encode(f"{exports}{dataset.run}\n".encode()).decode()
    words = {"NUMBER": str(int(number)), "GIVEN": given, "UNIT": _UNIT, "WITHIN": str(int(dataset.within_s)), "SAID": end_of(logs(_LINES))}
    return re.sub("|".join(words), lambda found: words[found[0]], _SCRIPT)

"""The command that a machine is sent for a step: a script that never changes, and beside it data in base64."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from provisioner.setup.programs import NONE, Programs, pinned, variables_of

ROLES = Path(__file__).parent / "ansible"
ANSIBLE = ("ansible-core==2.19.14", "ansible-runner==2.4.3")
"""What a machine sets itself up with, in a folder of its own that is named for them."""

VENV = "-".join(("ansible", *(each.partition("==")[2] for each in ANSIBLE)))
_SHIPPED = frozenset({".yml", ".yaml", ".cfg", ".py", ".service"})
_STEP = re.compile(r"[a-z]+(,[a-z]+)*")
_SCRIPT = """set -eu
umask 077
root=${TRELLIS_ROOT:-}
home=$root/opt/trellis
mkdir -p "$home"
ansible=$home/VENV
if ! [ -e "$ansible/.whole" ]; then
  python3 -c 'import ensurepip, venv' 2>/dev/null || {
    apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends python3-venv; } >&2
  python3 -m venv --clear "$ansible"
  "$ansible/bin/pip" install --quiet --disable-pip-version-check ANSIBLE
  : > "$ansible/.whole"
fi
if ! [ -d "$home/setup-DIGEST" ]; then
  rm -rf "$home/setup-new"; mkdir "$home/setup-new"
  printf %s 'BUNDLE' | base64 -d | tar -xzf - -C "$home/setup-new"
  mv "$home/setup-new" "$home/setup-DIGEST"
fi
printf %s 'ORDER' | base64 -d > "$home/order.json"
exec "$ansible/bin/python" "$home/setup-DIGEST/play.py" "$home" "$root"
"""


@cache
def bundle() -> tuple[bytes, str]:
    """The roles as a tar.gz, and its digest in 16 hex digits: the same files are the same bytes."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in sorted(path for path in ROLES.rglob("*") if path.is_file() and path.suffix in _SHIPPED):
            about = tarfile.TarInfo(str(path.relative_to(ROLES)))
            about.size, about.mode = path.stat().st_size, 0o600
            archive.addfile(about, io.BytesIO(path.read_bytes()))
    packed = gzip.compress(held.getvalue(), mtime=0)
    return packed, hashlib.sha256(packed).hexdigest()[:16]


def version(base: str, programs: Programs) -> str:
    """Of an image that is baked by these roles and pins on top of `base`, in 16 hex digits."""
    return hashlib.sha256("\0".join((bundle()[1], *ANSIBLE, base, pinned(programs))).encode()).hexdigest()[:16]


def looking(step: str) -> str:
    """The command that prints a line for each task of a step that is done by now."""
    if not _STEP.fullmatch(step):
        raise ValueError(f"{step} is no step")
    return f'cat "${{TRELLIS_ROOT:-}}/opt/trellis/told-{step}"'


LOG = 'cd "${TRELLIS_ROOT:-}/opt/trellis" && cat /dev/null $(ls -tr told-*)'
"""The command that prints what all steps came to, the newest last."""


def tasks_of(step: str) -> int:
    """How many tasks a step has; each is done or skipped."""
    return _counted(YAML(typ="safe").load(ROLES / "roles" / step / "tasks" / "main.yml"))


def _counted(tasks: Iterable[Mapping[str, Any]]) -> int:
    return sum(_weight(each) for each in tasks)


def _weight(task: Mapping[str, Any]) -> int:
    if "block" in task:
        return _counted(task["block"])
    imported = task.get("ansible.builtin.import_role")
    return tasks_of(imported["name"]) if imported else 1


def order(step: str, files: Mapping[str, str] | None = None, sha: str = "", programs: Programs = NONE) -> str:
    """What play.py is to do, in JSON: one step, or several with commas between. `sha` "": of no environment, for an image."""
    if not _STEP.fullmatch(step) or not re.fullmatch(r"([0-9a-f]{40})?", sha):
        raise ValueError(f"{step} at {sha} is no step at a commit")
    variables = {**variables_of(programs), **({"trellis_sha": sha} if sha else {})}
    return json.dumps({"step": step, "files": dict(files or {}), "variables": variables})


def command(step: str, files: Mapping[str, str] | None = None, sha: str = "", programs: Programs = NONE) -> str:
    """An order, as what a machine is sent; it brings along whatever it needs."""
    packed, digest = bundle()
    told = base64.b64encode(order(step, files, sha, programs).encode()).decode()
    words = {"DIGEST": digest, "BUNDLE": base64.b64encode(packed).decode(), "ORDER": told, "ANSIBLE": " ".join(ANSIBLE), "VENV": VENV}
    return re.sub("|".join(words), lambda found: words[found[0]], _SCRIPT)

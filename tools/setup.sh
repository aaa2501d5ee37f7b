#!/bin/sh
# Make .venv hold what a lock file names, and the project itself. Usage: setup.sh [--dev]
# Does nothing when it does already; begins anew when what is there is half-made, was moved or has lost its Python.
# Says in one line what is missing. What pip is configured with (index, certificates, proxy) is respected.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH
say() { printf 'trellis: %s\n' "$1" >&2; }
give_up() { say "$1"; exit 1; }

lock=requirements.lock stamp=.venv/.ready
[ "${1:-}" != --dev ] || { lock=requirements-dev.lock stamp=.venv/.ready-dev; }

fingerprint() { pwd -P; cat "$1" pyproject.toml libdeploy/pyproject.toml | cksum; }
is_ready() {
  [ -f "$stamp" ] && [ ! -e .venv/.making ] && [ "$(cat "$stamp")" = "$(fingerprint "$lock")" ] && .venv/bin/python -c 'import pip' 2>/dev/null
}

command -v git >/dev/null 2>&1 || give_up "git is missing: install it (Debian, Ubuntu: apt-get install git; macOS: xcode-select --install)"
if is_ready; then exit 0; fi

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || give_up "Python 3.11 to 3.14 is missing: install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || give_up "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)"

# One at a time: a lock on this file that the system takes back whatever happens to us.
if [ -z "${TRELLIS_SETUP_LOCK:-}" ]; then
  exec "$python" -c '
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.set_inheritable(file, True)
try:
    fcntl.flock(file, fcntl.LOCK_EX)
except OSError:
    pass  # a file system without locks
os.execve("/bin/sh", ["sh", *sys.argv[1:]], os.environ | {"TRELLIS_SETUP_LOCK": str(file)})
' tools/setup.sh "$@"
fi
if is_ready; then exit 0; fi

words=$(mktemp)
trap 'rm -f "$words"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

pip() {
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --no-user "$@" 2>"$words" && return
  missing=$(sed -n 's/^ERROR: No matching distribution found for \([^ ]*\).*/\1/p' "$words" | head -n 1)
  if grep -qE 'NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError|SSLError' "$words"; then
    give_up "the package index cannot be reached: check the network and pip's configuration (pip config list)"
  elif [ -n "$missing" ]; then
    here=$("$python" -c 'import platform; print("Python", platform.python_version(), "on", platform.system(), platform.machine())')
    cannot=""
    ! grep -qF '(from versions: none)' "$words" || cannot="cannot be reached or "
    give_up "the package index that pip is configured with ${cannot}has no wheel of $missing for $here"
  fi
  cat "$words" >&2
  give_up "the packages could not be installed: see pip's words above"
}

if [ -e .venv/.making ] || [ "$(cat .venv/.home 2>/dev/null)" != "$(pwd -P)" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  say "setting up in .venv (once; a minute or so)"
  rm -rf .venv
  if ! "$python" -m venv .venv 2>"$words" >&2; then
    cat "$words" >&2
    give_up "$python could not make .venv: see its words above"
  fi
  pwd -P >.venv/.home
else
  say "bringing .venv up to date"
fi
# Whoever is interrupted from here on leaves .making behind, and the next one begins anew.
: >.venv/.making
pip --require-hashes --only-binary :all: -r "$lock"
pip --no-build-isolation --editable . --editable ./libdeploy
fingerprint "$lock" >"$stamp"
[ "$lock" = requirements.lock ] || fingerprint requirements.lock >.venv/.ready
rm .venv/.making

#!/bin/sh
# Make .venv from a hashed lock file. Usage: setup.sh LOCK STAMP. Says in one line what is missing.
set -eu
lock=$1 stamp=$2
say() { printf 'trellis: %s\n' "$1" >&2; exit 1; }

command -v git >/dev/null 2>&1 || say "git is missing: install it (Debian, Ubuntu: apt-get install git; macOS: xcode-select --install)"
python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || say "Python 3.11 to 3.14 is missing: install it (Debian, Ubuntu: apt-get install python3 python3-venv)"
"$python" -c 'import venv, ensurepip' 2>/dev/null || say "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)"

if [ ! -x .venv/bin/pip ]; then
  echo "trellis: setting up in .venv (once; a minute or so)" >&2
  "$python" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock" \
  || say "the packages in $lock could not be installed: see pip's words above"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . \
  || say "the project itself could not be installed: see pip's words above"
touch "$stamp"
[ "$lock" != requirements-dev.lock ] || touch .venv/.ready

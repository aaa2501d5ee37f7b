#!/bin/sh
# Have what the browser tests need: playwright in .venv, and a Chromium. Says in one line what is missing; the tests then skip.
set -eu
cd "$(dirname "$0")/.."
if ! .venv/bin/python -c 'import playwright' 2>/dev/null; then
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes --only-binary :all: -r requirements-browser.lock ||
    echo "trellis: playwright cannot be installed here; the browser tests are skipped" >&2
fi
[ -n "${TRELLIS_TEST_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
  echo "trellis: there is no Chromium here (Debian, Ubuntu: apt-get install chromium); the browser tests are skipped" >&2

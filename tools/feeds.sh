#!/bin/sh
# Have what the tests of the feeds need: ccxt, NATS and its server in .venv. Says in one line what is missing; the tests then skip.
set -eu
cd "$(dirname "$0")/.."
if ! .venv/bin/python -c 'import ccxt, nats, bcrypt' 2>/dev/null; then
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes --only-binary :all: -r requirements-feeds.lock ||
    echo "trellis: the extra feeds cannot be installed here; its tests are skipped" >&2
fi

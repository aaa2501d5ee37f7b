#!/bin/sh
# Have an extra in .venv, from its hashed lock file. Usage: extra.sh ansible|feeds|otel|s3|terraform
set -eu
cd "$(dirname "$0")/.."
say() { printf 'trellis: %s\n' "$1" >&2; }

case "${1:-}" in
  ansible | feeds | otel) lock=requirements-$1.lock ;;
  s3 | terraform) lock=requirements-aws.lock ;;
  *) say "which one? make extra NAME=feeds (or ansible, otel, s3, terraform)"; exit 2 ;;
esac
.venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --no-user --require-hashes --only-binary :all: \
  --no-binary python-terraform -r "$lock" || { say "what $lock names cannot be installed here"; exit 1; }
say "$1 is here: start what needs it anew"

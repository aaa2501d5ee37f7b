#!/bin/sh
# Have buf, which compares protobuf, in the cache of this user: from npm, which ships its binary. Prints where it is; says in one line what is missing.
# Outside of the repository: ${XDG_CACHE_HOME:-~/.cache}/trellis/buf-<version>-<system>-<machine>/buf (deploy/contracts/protobuf.py looks there).
set -eu
cd "$(dirname "$0")/buf"
version=$(sed -n 's/.*"@bufbuild\/buf": "\([0-9.]*\)".*/\1/p' package.json)
system=$(uname -s | tr '[:upper:]' '[:lower:]') machine=$(uname -m | tr '[:upper:]' '[:lower:]')
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trellis/buf-$version-$system-$machine
if [ ! -x "$cache/buf" ]; then
  command -v npm >/dev/null 2>&1 || { echo "trellis: npm is missing, buf cannot be installed (Debian, Ubuntu: apt-get install npm)" >&2; exit 1; }
  mkdir -p "$cache"
  part=$(mktemp -d "$cache/part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  cp package.json package-lock.json .npmrc "$part"
  (cd "$part" && npm ci --ignore-scripts --no-audit --no-fund --silent >&2) || { echo "trellis: buf cannot be installed from npm: see the words above" >&2; exit 1; }
  found=$(ls "$part"/node_modules/@bufbuild/buf-*/bin/buf 2>/dev/null | head -n 1)
  [ -n "$found" ] || { echo "trellis: npm has no buf for $system on $machine" >&2; exit 1; }
  mv "$found" "$cache/buf"   # at once: whoever looks meanwhile sees none, or all of it
fi
echo "$cache/buf"

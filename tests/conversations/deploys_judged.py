"""What was done in deploys, by the rows and by the runner, judged: what must never be."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.asking import identity
from bot.domain.approval import ApprovalState
from bot.domain.deployment import DeploymentState, RolloutKind
from bot.domain.freezes import frozen_by
from bot.domain.scopes import Scope
from deploy.runner import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.approval import Approval
    from bot.domain.artifact import Artifact
    from bot.domain.deployment import Deployment, Lock, Rollout, Veto
    from bot.domain.freezes import Freeze
    from tests.fakes.runner import FakeRunner

    Groups = Mapping[str, Sequence[Sequence[str]]]

_BACK = {RolloutKind.ROLLBACK, RolloutKind.RELEASE}


@dataclass(frozen=True)
class Past:
    """All of it, by ids. `closings`: when the one request was closed. Prod comes after dev, and asks."""

    acts: Mapping[str, Rollout]
    parts: Mapping[str, Deployment]
    artifacts: Mapping[str, Artifact]
    requests: Sequence[Approval]
    locks: Sequence[Lock]
    vetoes: Sequence[Veto]
    closings: Sequence[float]
    runner: FakeRunner

    def never_two_of_one_service_at_once(self) -> None:
        """By what was started, and by what is written down."""
        assert self.runner.overlaps == []
        begun = [each for each in self.parts.values() if each.began_at is not None]
        for place in {(each.service, each.environment) for each in begun}:
            there = [each for each in begun if (each.service, each.environment) == place]
            spans = sorted((each.began_at or 0.0, each.ended_at or float("inf")) for each in there)
            assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans)), place

    def what_is_applied_is_what_was_planned_of_that_very_version(self) -> None:
        for id_, run in self.runner.runs.items():
            part = self.parts[id_.partition("-")[0]]
            if run.job.step is not Step.APPLY or id_ != part.run_id:
                continue  # one before it was planned anew
            assert json.loads(run.job.plan or b"")["plan_hash"] == part.plan_hash, part
            assert run.job.target["artifact"]["sha256"] == self.artifacts[part.artifact_id].sha256, part

    def what_is_applied_is_what_another_person_approved(self) -> None:
        for id_, run in self.runner.runs.items():
            part = self.parts[id_.partition("-")[0]]
            act = self.acts[part.rollout_id]
            if run.job.step is not Step.APPLY or part.environment != "prod" or act.kind is RolloutKind.ROLLBACK:
                continue
            plan = json.loads(run.job.plan or b"")
            bound = f"{plan['plan_hash']}:{plan['base']}"
            said_yes = [each for each in self.requests if each.wish.get(part.id) == bound and each.state is ApprovalState.APPROVED]
            assert [each for each in said_yes if each.decider and each.decider.id not in {each.person.id, act.person.id}], (id_, bound)

    def nothing_begins_that_may_not(self, groups: Groups, freeze: Freeze) -> None:
        ended_well = [each for each in self.parts.values() if each.state is DeploymentState.SUCCEEDED]
        ran_in_dev = {each.artifact_id for each in ended_well if each.environment == "dev"}
        for part in self.parts.values():
            at, act = part.began_at, self.acts[part.rollout_id]
            if at is None:
                continue
            assert not act.plan_only
            own = [each for each in self.vetoes if each.artifact_id == part.artifact_id]
            assert not [each for each in own if each.created_at < at < (each.lifted_at or at + 1)], part
            goes_by_request = part.request is not None or act.kind is RolloutKind.BETA
            assert not [each for each in self.closings if goes_by_request and part.created_at < each < at], part
            if act.is_forced:
                continue
            assert part.environment != "prod" or act.kind in _BACK or part.artifact_id in ran_in_dev, part
            assert not [each for each in self.locks if _stops(each, part, act, groups)], part
            is_free = part.environment != "prod" or act.kind is RolloutKind.ROLLBACK or frozen_by((freeze,), at) is None
            assert is_free, part


def _stops(lock: Lock, part: Deployment, act: Rollout, groups: Groups) -> bool:
    at = part.began_at or 0.0
    ends = [each for each in (lock.released_at, lock.expires_at) if each is not None]
    is_held = lock.created_at < at < min([*ends, at + 1])
    of = [name for name, stages in groups.items() if any(part.service in stage for stage in stages)]
    covers = Scope.stored(lock.scope).covers(part.service, part.environment, of)
    return is_held and covers and not lock.is_warning and identity(act.person) not in lock.identities

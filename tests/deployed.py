"""Service deploys as rows, for tests of what is shown of them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, insert

from bot.domain.artifact import Artifact, ArtifactKind
from bot.domain.deployment import Change, Deployment, DeploymentState, Lock, Rollout, RolloutKind, RolloutState, Slot, Veto
from bot.domain.message import Person, Platform, Thread
from bot.store.deploy_tables import artifacts, deployments, locks, rollouts, slots, vetoes
from bot.store.store import Store

DANA = Person(Platform.CONSOLE, "dana", "dana")
THREAD = Thread(Platform.CONSOLE, "console:dana")
_TABLES: dict[type, Table] = {Artifact: artifacts, Rollout: rollouts, Deployment: deployments, Slot: slots, Lock: locks, Veto: vetoes}


def artifact(number: int, service: str = "payments", *, merged_at: float | None = 100.0, **more: Any) -> Artifact:
    values: dict[str, Any] = {
        "id": f"a-{service}-{number}",
        "number": number,
        "service": service,
        "kind": ArtifactKind.BINARY,
        "sha256": f"{number:064x}",
        "address": f"file:///artifacts/{number}",
        "project": "lab",
        "commit": f"{number:02x}" * 20,
        "title": f"Change {number}",
        "author": "dana",
        "program": "import libdeploy as d\n",
        "registered_at": 90.0 + number,
        "registered_by": "console:dana",
        "merged_at": merged_at,
    }
    return Artifact(**{**values, **more})


def rollout(number: int, environment: str = "dev", state: RolloutState = RolloutState.SUCCEEDED, **more: Any) -> Rollout:
    values: dict[str, Any] = {
        "id": f"r-{number}",
        "number": number,
        "kind": RolloutKind.DEPLOY,
        "environment": environment,
        "words": "payments",
        "person": DANA,
        "thread": THREAD,
        "state": state,
        "created_at": 1000.0 + number,
        "ended_at": None if state is RolloutState.OPEN else 1005.0 + number,
    }
    return Rollout(**{**values, **more})


def deployment(number: int, built: Artifact, act: Rollout, state: DeploymentState = DeploymentState.SUCCEEDED, **more: Any) -> Deployment:
    values: dict[str, Any] = {
        "id": f"d-{number}",
        "number": number,
        "rollout_id": act.id,
        "service": built.service,
        "environment": act.environment,
        "artifact_id": built.id,
        "created_at": act.created_at,
        "state": state,
        "plan_hash": f"{number:064d}",
        "changes": (Change("update", "host", built.service, ("artifact",)), Change("keep", "host", "other")),
    }
    return Deployment(**{**values, **more})


def slot(built: Artifact, act: Rollout, by: Deployment, **more: Any) -> Slot:
    values: dict[str, Any] = {
        "service": built.service,
        "environment": act.environment,
        "deployment_id": by.id,
        "artifact_id": built.id,
        "since": act.created_at,
    }
    return Slot(**{**values, **more})


def lock(scope: str, *, reason: str = "release week", **more: Any) -> Lock:
    values: dict[str, Any] = {
        "id": f"l-{scope}",
        "scope": scope,
        "owner": DANA,
        "identities": ("console:dana",),
        "thread": THREAD,
        "reason": reason,
        "created_at": 1000.0,
    }
    return Lock(**{**values, **more})


def veto(built: Artifact, reason: str = "loses orders") -> Veto:
    return Veto(id=f"v-{built.id}", service=built.service, artifact_id=built.id, person=DANA, reason=reason, created_at=1000.0)


async def keep(store: Store, *rows: msgspec.Struct) -> None:
    """Write these rows."""
    async with store.transaction() as transaction:
        for row in rows:
            await transaction.connection.execute(insert(_TABLES[type(row)]).values(msgspec.to_builtins(row)))

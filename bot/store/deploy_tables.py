"""The tables of service deploys. Times are seconds since the epoch by the database's clock; nested values are JSON."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from bot.store.tables import WAITING, metadata

_IS_LIVE_LOCK = text("released_at IS NULL")
_IS_LIVE_VETO = text("lifted_at IS NULL")

# The last number given to artifacts of a service, rollouts and deployments: taken by one UPDATE, so that none is given twice.
numbers = Table("numbers", metadata, Column("name", String(80), primary_key=True), Column("last", Integer, nullable=False))

artifacts = Table(
    "artifacts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("service", String(63), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("address", Text, nullable=False),
    Column("size_bytes", BigInteger),
    Column("project", String(100), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("ref", Text, nullable=False),
    Column("request", Integer),
    Column("title", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("version", String(100), nullable=False),
    Column("program", Text, nullable=False),
    Column("contract_sha256", String(64), nullable=False),
    Column("contract_address", Text, nullable=False),
    Column("registered_at", Float, nullable=False),
    Column("registered_by", String(200), nullable=False),
    Column("merged_at", Float),
    Column("merge_asked_at", Float),
    UniqueConstraint("service", "number"),
    UniqueConstraint("service", "commit", "sha256"),
    Index("ix_artifacts_merged", "service", "merged_at"),
    Index("ix_artifacts_request", "project", "request"),
)

rollouts = Table(
    "rollouts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("words", Text, nullable=False),
    Column("person", JSON, nullable=False),
    Column("thread", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_forced", Boolean, nullable=False),
    Column("plan_only", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", String(40), nullable=False),
    Column("approval_id", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("ix_rollouts_state", "state", "created_at"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("rollout_id", String(32), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("service", String(63), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("artifact_id", String(32), nullable=False),
    Column("follows", String(24), nullable=False),
    Column("is_wanted", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("waits_for", String(16)),
    Column("waits_why", Text, nullable=False),
    Column("waits_since", Float),
    Column("plan_hash", String(64), nullable=False),
    Column("base", String(64), nullable=False),
    Column("changes", JSON, nullable=False),
    Column("items", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("previous_id", String(32), nullable=False),
    Column("plannings", Integer, nullable=False),
    Column("run_id", String(63), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("log", Text, nullable=False),
    Column("began_at", Float),
    Column("ended_at", Float),
    Column("took_s", Float),
    Column("troubles", Integer, nullable=False),
    Column("retry_at", Float),
    Column("due_at", Float),
    Index("ix_deployments_due_at", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_deployments_rollout_id", "rollout_id", "stage"),
    Index("ix_deployments_slot", "service", "environment", "number"),
)

plans = Table(
    "plans",
    metadata,
    Column("deployment_id", String(32), primary_key=True),
    Column("plan", LargeBinary, nullable=False),  # exactly what is, or was, applied
    Column("live", LargeBinary),  # what was there when it was planned
)

slots = Table(
    "slots",
    metadata,
    Column("service", String(63), primary_key=True),
    Column("environment", String(63), primary_key=True),
    Column("deployment_id", String(32), nullable=False),
    Column("artifact_id", String(32), nullable=False),
    Column("is_beta", Boolean, nullable=False),
    Column("beta_request", Integer),
    Column("beta_project", String(100), nullable=False),
    Column("since", Float, nullable=False),
    Column("claimed_by", String(32), nullable=False),
    Column("held_by", JSON),
    Column("held_reason", Text, nullable=False),
    Column("held_at", Float),
    Index("ix_slots_environment", "environment"),
)

locks = Table(
    "locks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("scope", String(140), nullable=False),
    Column("owner", JSON, nullable=False),
    Column("identities", JSON, nullable=False),
    Column("thread", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_warning", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("released_at", Float),
    Column("released_by", JSON),
    Index("uq_locks_scope", "scope", unique=True, sqlite_where=_IS_LIVE_LOCK, postgresql_where=_IS_LIVE_LOCK),
)

vetoes = Table(
    "vetoes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service", String(63), nullable=False),
    Column("artifact_id", String(32), nullable=False),
    Column("person", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("lifted_at", Float),
    Column("lifted_by", JSON),
    Index("uq_vetoes_artifact_id", "artifact_id", unique=True, sqlite_where=_IS_LIVE_VETO, postgresql_where=_IS_LIVE_VETO),
)

# Which freezes were announced, how long before they begin.
freeze_notices = Table(
    "freeze_notices",
    metadata,
    Column("environment", String(63), primary_key=True),
    Column("begins_at", Float, primary_key=True),
    Column("lead_s", Integer, primary_key=True),
    Column("told_at", Float, nullable=False),
)

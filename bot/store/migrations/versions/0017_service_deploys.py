"""Service deploys: artifacts, rollouts, deployments, what runs where, locks and vetoes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting, unreleased, unlifted = sa.text("due_at IS NOT NULL"), sa.text("released_at IS NULL"), sa.text("lifted_at IS NULL")
    op.create_table(
        "numbers",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_numbers"),
    )
    op.create_table(
        "artifacts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("project", sa.String(100), nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("request", sa.Integer()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("contract_sha256", sa.String(64), nullable=False),
        sa.Column("contract_address", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.Float(), nullable=False),
        sa.Column("registered_by", sa.String(200), nullable=False),
        sa.Column("merged_at", sa.Float()),
        sa.Column("merge_asked_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
        sa.UniqueConstraint("service", "commit", "sha256", name="uq_artifacts_service_commit_sha256"),
        sa.UniqueConstraint("service", "number", name="uq_artifacts_service_number"),
    )
    op.create_index("ix_artifacts_merged", "artifacts", ["service", "merged_at"])
    op.create_index("ix_artifacts_request", "artifacts", ["project", "request"])
    op.create_table(
        "rollouts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("person", sa.JSON(), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("plan_only", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("approval_id", sa.String(32), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts"),
        sa.UniqueConstraint("number", name="uq_rollouts_number"),
    )
    op.create_index("ix_rollouts_state", "rollouts", ["state", "created_at"])
    op.create_table(
        "deployments",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rollout_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("artifact_id", sa.String(32), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("waits_for", sa.String(16)),
        sa.Column("waits_why", sa.Text(), nullable=False),
        sa.Column("waits_since", sa.Float()),
        sa.Column("plan_hash", sa.String(64), nullable=False),
        sa.Column("base", sa.String(64), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("previous_id", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(63), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("began_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("took_s", sa.Float()),
        sa.Column("troubles", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Float()),
        sa.Column("due_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_deployments"),
        sa.UniqueConstraint("number", name="uq_deployments_number"),
    )
    op.create_index("ix_deployments_due_at", "deployments", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_deployments_rollout_id", "deployments", ["rollout_id", "stage"])
    op.create_index("ix_deployments_slot", "deployments", ["service", "environment", "number"])
    op.create_table(
        "plans",
        sa.Column("deployment_id", sa.String(32), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("deployment_id", name="pk_plans"),
    )
    op.create_table(
        "slots",
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("deployment_id", sa.String(32), nullable=False),
        sa.Column("artifact_id", sa.String(32), nullable=False),
        sa.Column("is_beta", sa.Boolean(), nullable=False),
        sa.Column("beta_request", sa.Integer()),
        sa.Column("beta_project", sa.String(100), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("claimed_by", sa.String(32), nullable=False),
        sa.Column("held_by", sa.JSON()),
        sa.Column("held_reason", sa.Text(), nullable=False),
        sa.Column("held_at", sa.Float()),
        sa.PrimaryKeyConstraint("service", "environment", name="pk_slots"),
    )
    op.create_index("ix_slots_environment", "slots", ["environment"])
    op.create_table(
        "locks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(130), nullable=False),
        sa.Column("owner", sa.JSON(), nullable=False),
        sa.Column("identities", sa.JSON(), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_warning", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float()),
        sa.Column("released_at", sa.Float()),
        sa.Column("released_by", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_locks"),
    )
    op.create_index("uq_locks_scope", "locks", ["scope"], unique=True, sqlite_where=unreleased, postgresql_where=unreleased)
    op.create_table(
        "vetoes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("artifact_id", sa.String(32), nullable=False),
        sa.Column("person", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("lifted_at", sa.Float()),
        sa.Column("lifted_by", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_vetoes"),
    )
    op.create_index("uq_vetoes_artifact_id", "vetoes", ["artifact_id"], unique=True, sqlite_where=unlifted, postgresql_where=unlifted)

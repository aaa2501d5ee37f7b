"""Deadlines, pauses and approvals.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _new() -> list[sa.Column[Any]]:
    return [
        sa.Column("is_kept", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("is_paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("pause_reason", sa.String(40), nullable=False, server_default=""),
        sa.Column("idle_s", sa.Float()),
        sa.Column("schedule", sa.String(200), nullable=False, server_default=""),
        sa.Column("awake_until", sa.Float()),
        sa.Column("restored_from", sa.String(32), nullable=False, server_default=""),
        sa.Column("deadline_set_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("warned", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("active_at", sa.Float(), nullable=False, server_default="0"),
        sa.Column("idle_warned_at", sa.Float()),
        sa.Column("paused_at", sa.Float()),
        sa.Column("paused_s", sa.Float(), nullable=False, server_default="0"),
    ]


def upgrade() -> None:
    with op.batch_alter_table("environments") as table:
        for column in _new():
            table.add_column(column)
    op.execute("UPDATE environments SET deadline_set_at = created_at, active_at = created_at")
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("fallback", sa.JSON()))
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("environment_id", sa.String(32), nullable=False),
        sa.Column("project", sa.String(100), nullable=False),
        sa.Column("person", sa.JSON(), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("decider", sa.JSON()),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_environment_id", "approvals", ["environment_id", "state"])
    op.create_index("ix_approvals_state", "approvals", ["state", "created_at"])


def downgrade() -> None:
    op.drop_table("approvals")
    with op.batch_alter_table("outbox") as table:
        table.drop_column("fallback")
    with op.batch_alter_table("environments") as table:
        for column in _new():
            table.drop_column(column.name)

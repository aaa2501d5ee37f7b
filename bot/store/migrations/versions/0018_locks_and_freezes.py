"""Locks of any scope; freezes that were announced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":  # which does not mind how long a text is
        op.alter_column("locks", "scope", type_=sa.String(140), existing_type=sa.String(130), existing_nullable=False)
    op.create_table(
        "freeze_notices",
        sa.Column("environment", sa.String(63), nullable=False),
        sa.Column("begins_at", sa.Float(), nullable=False),
        sa.Column("lead_s", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "begins_at", "lead_s", name="pk_freeze_notices"),
    )

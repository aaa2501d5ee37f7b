"""Slack threads that are tied to merge requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ties",
        sa.Column("thread_address", sa.String(length=400), nullable=False),
        sa.Column("thread", sa.JSON(), nullable=False),
        sa.Column("project", sa.String(length=100), nullable=False),
        sa.Column("request", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("thread_address", "project", "request", name=op.f("pk_ties")),
    )
    op.create_index("ix_ties_request", "ties", ["project", "request"])


def downgrade() -> None:
    op.drop_index("ix_ties_request", "ties")
    op.drop_table("ties")

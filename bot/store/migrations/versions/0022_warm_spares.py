"""Warm spares.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    live = sa.text("state IN ('making', 'ready', 'retiring')")
    op.create_table(
        "spares",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("project", sa.String(100), nullable=False),
        sa.Column("size", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("image", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("ready_at", sa.Float()),
        sa.Column("expires_at", sa.Float()),
        sa.Column("claimed_at", sa.Float()),
        sa.Column("gone_at", sa.Float()),
        sa.Column("why", sa.String(40), nullable=False),
        sa.Column("troubles", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_spares"),
    )
    columns = ["project", "size", "state", "created_at"]
    op.create_index("ix_spares_live", "spares", columns, sqlite_where=live, postgresql_where=live)
    op.create_index("ix_spares_project", "spares", ["project", "created_at"])
    op.create_table(
        "spare_pauses",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_spare_pauses"),
    )


def downgrade() -> None:
    op.drop_table("spare_pauses")
    op.drop_table("spares")

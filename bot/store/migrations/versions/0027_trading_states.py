"""How trading environments' books stand, and what holds them.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trading_states",
        sa.Column("environment_id", sa.String(32), primary_key=True),
        sa.Column("told_at", sa.Float()),
        sa.Column("told", sa.JSON()),
        sa.Column("halted_at", sa.Float()),
        sa.Column("resume_for", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("resume_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("held_until", sa.Float()),
        sa.Column("held_for", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_table("trading_states")

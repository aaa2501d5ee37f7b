"""Alarms about the wall before production's secrets.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("until", sa.Float()),
    )


def downgrade() -> None:
    op.drop_table("alarms")

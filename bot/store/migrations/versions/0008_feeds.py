"""How far each forge was listened to, and until when an account is left in peace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("project", sa.String(length=100), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Float(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("hook_problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_feeds")),
    )
    op.create_table(
        "pauses",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pauses")),
    )

"""Keys of trading environments: their hashes, and who saw them.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trading_keys",
        sa.Column("environment_id", sa.String(32), primary_key=True),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("minted_at", sa.Float(), nullable=False),
        sa.Column("shown_at", sa.Float()),
        sa.Column("shown_to", sa.Text(), nullable=False, server_default=""),
        sa.Column("revoked_at", sa.Float()),
    )


def downgrade() -> None:
    op.drop_table("trading_keys")

"""Which of an environment's keys it is: one that is lost is made anew.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("trading_keys") as keys:
        keys.add_column(sa.Column("number", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("trading_keys") as keys:
        keys.drop_column("number")

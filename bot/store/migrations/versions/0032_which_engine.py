"""Which engine makes an environment: its project may have another by now.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("environments", "spares"):
        op.add_column(table, sa.Column("engine", sa.String(16), nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("spares", "environments"):
        op.drop_column(table, "engine")

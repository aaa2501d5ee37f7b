"""Which dataset environments are filled with.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("environments", sa.Column("seeds", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("environments", "seeds")

"""Where environments answer: the machine behind their host names.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("environments", sa.Column("upstream", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("environments", "upstream")

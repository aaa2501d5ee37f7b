"""What a deployment follows, and how often it was planned anew because that, or what was there, had moved.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deployments") as table:
        table.add_column(sa.Column("follows", sa.String(24), nullable=False, server_default=""))
        table.add_column(sa.Column("plannings", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("deployments") as table:
        table.drop_column("plannings")
        table.drop_column("follows")

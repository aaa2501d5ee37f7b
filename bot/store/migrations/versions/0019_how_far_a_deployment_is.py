"""How many things a deployment's plan wants, and how many of its changes are made.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deployments") as table:
        table.add_column(sa.Column("items", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("made", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("deployments") as table:
        table.drop_column("made")
        table.drop_column("items")

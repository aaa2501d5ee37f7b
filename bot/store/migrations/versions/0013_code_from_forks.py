"""Environments of forks, and what is wanted only as long as it is the head.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NEW = ("is_fork", "is_bound")


def upgrade() -> None:
    with op.batch_alter_table("environments") as table:
        for name in _NEW:
            table.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("environments") as table:
        for name in _NEW:
            table.drop_column(name)

"""Indices of what was given up, so that counting it costs nothing however much there is.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WHERE = {"ix_messages_failed": "state = 'failed'", "ix_outbox_dead": "state = 'dead'", "ix_cards_dead": "is_dead"}


def upgrade() -> None:
    for name, where in _WHERE.items():
        condition = sa.text(where)
        op.create_index(name, name.split("_")[1], ["id"], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name in _WHERE:
        op.drop_index(name, name.split("_")[1])

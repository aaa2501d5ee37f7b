"""Counting the live environments by state from an index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    live = sa.text("state != 'gone'")
    op.create_index("ix_environments_counts", "environments", ["state", "project"], sqlite_where=live, postgresql_where=live)

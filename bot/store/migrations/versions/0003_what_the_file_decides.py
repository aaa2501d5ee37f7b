"""What of an environment its repository's file decides.

Environments that are there keep what they have: nothing of them is left to the file.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = (("profile", sa.String(20), "''"), ("services", sa.JSON(), "'[]'"), ("left_to_file", sa.JSON(), "'[]'"))


def upgrade() -> None:
    for name, kind, default in _COLUMNS:
        op.add_column("environments", sa.Column(name, kind, nullable=False, server_default=sa.text(default)))


def downgrade() -> None:
    for name, _, _ in _COLUMNS:
        op.drop_column("environments", name)

"""The newest line of all terminals is found without reading every one.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_console_posts_version", "console_posts", ["version"])


def downgrade() -> None:
    op.drop_index("ix_console_posts_version", "console_posts")

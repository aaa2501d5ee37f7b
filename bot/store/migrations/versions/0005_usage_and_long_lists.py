"""What services used over time, and the indices of long lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("environment_id", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=60), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("memory_mb", sa.Float(), nullable=False),
        sa.Column("cpu", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("environment_id", "service", "at", name=op.f("pk_samples")),
    )
    op.create_index("ix_samples_at", "samples", ["at"])
    for name, columns, where in (
        ("ix_environments_live", ["created_at", "id"], "state != 'gone'"),
        ("ix_environments_past", ["created_at", "id"], "state = 'gone'"),
        ("ix_environments_gone_at", ["gone_at"], "state = 'gone'"),
    ):
        op.create_index(name, "environments", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))

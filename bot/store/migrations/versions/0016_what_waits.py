"""Finding what waits costs the same however much is done with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting, refused = sa.text("due_at IS NOT NULL"), sa.text("kind = 'refused'")
    for table in ("messages", "cards", "outbox", "records"):
        op.drop_index(f"ix_{table}_due_at", table)
        op.create_index(f"ix_{table}_due_at", table, ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_messages_waiting", "messages", ["lane", "id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_events_refused", "events", ["id"], sqlite_where=refused, postgresql_where=refused)

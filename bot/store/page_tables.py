"""What pages need beside the tables of the work: how much services used over time, and the indices of long lists."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, String, Table, text

from bot.store.tables import environments, metadata

samples = Table(
    "samples",
    metadata,
    Column("environment_id", String(32), primary_key=True),
    Column("service", String(60), primary_key=True),
    Column("at", Float, primary_key=True),
    Column("memory_mb", Float, nullable=False),
    Column("cpu", Float),  # cores in use since the sample before; none for the first
    Index("ix_samples_at", "at"),
)

_LIVE, _PAST = text("state != 'gone'"), text("state = 'gone'")
_columns = environments.c

Index("ix_environments_live", _columns.created_at, _columns.id, sqlite_where=_LIVE, postgresql_where=_LIVE)
Index("ix_environments_counts", _columns.state, _columns.project, sqlite_where=_LIVE, postgresql_where=_LIVE)
Index("ix_environments_past", _columns.created_at, _columns.id, sqlite_where=_PAST, postgresql_where=_PAST)
Index("ix_environments_gone_at", _columns.gone_at, sqlite_where=_PAST, postgresql_where=_PAST)

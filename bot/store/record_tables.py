"""What the forges are told of environments: one row for each of an environment's records."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, String, Table, UniqueConstraint

from bot.store.tables import WAITING, metadata

records = Table(
    "records",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("environment_id", String(32), nullable=False),
    Column("kind", String(16), nullable=False),  # status, deployment
    Column("wanted", Integer, nullable=False),  # grows with each change of the environment
    Column("told", JSON),  # what the forge was told last
    Column("placed", JSON),  # what it is there
    Column("tries", Integer, nullable=False),
    Column("is_dead", Boolean, nullable=False),
    Column("due_at", Float),
    UniqueConstraint("environment_id", "kind"),
    Index("ix_records_due_at", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
)

"""What was found without a counterpart, and how the last look came out."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, String, Table, Text

from bot.store.tables import metadata

strays = Table(
    "strays",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(100), primary_key=True),
    Column("environment", String(100), nullable=False),
    Column("slug", String(100), nullable=False),
    Column("project", String(100), nullable=False),
    Column("is_known", Boolean, nullable=False),
    Column("first_seen_at", Float, nullable=False),
    Column("last_seen_at", Float, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("asked_at", Float),
)

stray_looks = Table(
    "stray_looks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("at", Float, nullable=False),
    Column("took_s", Float, nullable=False),
    Column("machines", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("states", Integer, nullable=False),
    Column("problem", Text, nullable=False),
)
